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
    """List the recipes, or print one with every default written out.

    `thresher recipes quick > mine.yaml` begins a recipe of your own.
    """
    from thresher.cli import console

    out = console.answers()
    if name is None:
        from thresher.recipe.presets import list_presets

        listed = console.table("recipe", "what it does")
        for info in list_presets():
            listed.add_row(info.name, info.description)
        out.print(listed)
        return
    from thresher.recipe.loader import dump, load

    text = dump(load(name, set_ or [], smoke))
    if not out.is_terminal:  # a file or a pipe: exactly the recipe, no line broken
        typer.echo(text, nl=False)
        return
    from rich.syntax import Syntax

    out.print(Syntax(text, "yaml", theme="ansi_dark", background_color="default", word_wrap=True))
