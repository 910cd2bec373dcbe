"""``thresher review``: a page on this machine where a person judges suspicious labels."""

import contextlib
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from thresher.cli.options import Verbose


def review(
    run: Annotated[
        Path,
        typer.Argument(
            metavar="RUN", help="A run folder that `thresher labels` has seen.", show_default=False
        ),
    ],
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            min=0,
            max=65_535,
            help="Port of the page; 0: any free one.  [dim]\\[8765 where free][/]",
        ),
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", metavar="", help="Print the address only; open nothing.")
    ] = False,
    who: Annotated[
        str | None,
        typer.Option("--who", metavar="NAME", help="Whose decisions these are.  [dim]\\[your login][/]"),
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Judge suspicious labels in a browser, the likeliest wrong ones first.

    The page is served on this machine only. Every decision is on disk before the next photo shows: stop with
    Ctrl-C at any time, and give the same command again to go on.
    """
    from thresher.cli import console
    from thresher.run_folder import RunFolder

    folder = RunFolder(run)
    if not folder.issues.is_file():  # scores of another program are judged in a folder without a recipe
        RunFolder.existing(run)

    from thresher.web.serve import serve

    def ready(address: str) -> None:
        console.answers().print(address, markup=False, soft_wrap=True)
        console.errors().print("Ctrl-C ends it; nothing is lost.", style="dim")
        sys.stdout.flush()
        if not no_browser and has_screen():
            import webbrowser

            webbrowser.open(address)

    count = serve(folder, port, who or login(), ready)
    words = f"{count:,} decision{'' if count == 1 else 's'}"
    console.errors().print()
    console.show_facts([(words, console.short_path(folder.decisions if count else folder.labels))])


def login() -> str:
    """The name of who is logged in."""
    import getpass

    with contextlib.suppress(OSError, KeyError, ImportError):
        return getpass.getuser()
    return "someone"


def has_screen() -> bool:
    """Whether a browser has a screen to open on; a browser for text would take the terminal away."""
    if sys.platform in ("darwin", "win32"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
