"""``thresher parts``: which parts a recipe can name, with their settings."""

import inspect
import typing
from typing import Annotated, Any

import typer


def parts(
    family: Annotated[
        str | None, typer.Argument(metavar="[FAMILY]", help="losses, optim, views ...", show_default=False)
    ] = None,
    pattern: Annotated[
        str, typer.Argument(metavar="[PATTERN]", help="A shell pattern, such as 'focal*'.")
    ] = "*",
) -> None:
    """List the parts that a recipe can name, with their settings and defaults."""
    from thresher import registry
    from thresher.cli import console
    from thresher.errors import RecipeError

    out = console.answers()
    if family is None:
        families = console.table("family", "parts")
        for name in registry.FAMILIES:
            families.add_row(name, ", ".join(part.name for part in registry.family(name).list()))
        out.print(families)
        return
    members = registry.family(family)
    found = members.list(pattern)
    if not found:
        raise RecipeError(
            f"no {family} part is named like {pattern!r}{registry.nearest(pattern.strip('*'), members.parts)}"
        )
    listed = console.table("name", "settings", "what it does", "source")
    for part in found:
        hints = typing.get_type_hints(part.load().__init__)  # type: ignore[misc]
        settings = [setting(one, hints.get(one.name)) for one in members.parameters(part.name).values()]
        listed.add_row(part.name, "\n".join(settings), part.description, part.paper)
    out.print(listed)


def setting(parameter: inspect.Parameter, hint: Any) -> str:
    """``smoothing: float = 0.0``."""
    kind = "" if hint is None else f": {shown(hint)}"
    default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
    return f"{parameter.name}{kind}{default}"


def shown(hint: Any) -> str:
    """A type as a person writes it."""
    if typing.get_origin(hint) is typing.Literal:
        return " | ".join(map(repr, typing.get_args(hint)))
    if isinstance(hint, type) and not typing.get_args(hint):
        return "none" if hint is type(None) else hint.__name__
    if typing.get_origin(hint) is typing.Annotated:
        return shown(typing.get_args(hint)[0])
    return str(hint).replace("typing.", "")
