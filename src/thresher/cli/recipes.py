"""``thresher recipes``: which recipes there are, and what one says in full."""

from typing import Annotated

import typer

from thresher.cli.options import Set, Smoke


def recipes(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME|FILE]", help="Print this recipe in full.", show_default=False),
    ] = None,
    set_: Set = None,
    smoke: Smoke = False,
) -> None:
    """List the recipes and the systems of competitions, or print one with every default written out.

    `thresher recipes quick > mine.yaml` begins a recipe of your own.
    """
    from thresher.cli import console

    out = console.answers()
    if name is None:
        from rich.text import Text

        from thresher.recipe.presets import list_presets

        found = list_presets()
        listed = console.table("recipe", "what it does")
        for info in found:
            if not info.source:
                listed.add_row(info.name, info.description)
        out.print(listed)
        systems = console.table("system", "what it does; whose it is: what they reached", "status")
        systems.columns[0].no_wrap = True
        for info in found:
            if info.source:
                said = f"{info.source}: {info.claim}"
                systems.add_row(info.name, Text.assemble(info.description, "\n", (said, "dim")), info.status)
        out.print()
        out.print(systems)
        return
    from thresher.recipe.loader import dump, load

    text = dump(load(name, set_ or [], smoke))
    if not out.is_terminal:  # a file or a pipe: exactly the recipe, no line broken
        typer.echo(text, nl=False)
        return
    from rich.syntax import Syntax

    out.print(Syntax(text, "yaml", theme="ansi_dark", background_color="default", word_wrap=True))
