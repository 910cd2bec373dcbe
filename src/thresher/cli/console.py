"""Where text goes: answers to stdout, progress and errors to stderr; colours only where a person looks."""

import re
import sys
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from thresher.errors import ThresherError

WIDE = 200
_PLACE = re.compile(r"^(--set \S+|\S[^\n]*?:\d+(?::\d+)?): ")


def answers() -> Console:
    """Standard output; wide where nobody looks, so that `grep` finds whole lines."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)


def errors() -> Console:
    """Standard error."""
    return Console(stderr=True, highlight=False)


def show_error(error: ThresherError) -> None:
    """One message; several problems become a list."""
    console = errors()
    first, *others = str(error).splitlines() or [type(error).__name__]
    if not others:
        _print(console, Text.assemble(("error: ", "bold red"), _mark_place(first)))
        return
    if all(_PLACE.match(line) for line in (first, *others)):
        _print(console, Text.assemble(("error: ", "bold red"), f"{len(others) + 1} problems"))
        others = [first, *others]
    else:
        _print(console, Text.assemble(("error: ", "bold red"), _mark_place(first)))
    for line in others:
        _print(console, _mark_place(line), indent=2)


def show_facts(rows: Iterable[tuple[str, str]]) -> None:
    """Names and values, one pair a line, on stdout."""
    console = answers()
    rows = list(rows)
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        _print(console, Text.assemble((name.ljust(width), "cyan"), "  ", value), indent=2)


def table(*columns: str) -> Table:
    """A table without frame lines, for stdout."""
    made = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def short_path(path: Path) -> str:
    """The path as seen from the current folder where that is shorter."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def duration(seconds: float) -> str:
    """``0.4 s``, ``42 s``, ``3 min 05 s``, ``2 h 10 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _mark_place(line: str) -> Text:
    text = Text(line)
    place = _PLACE.match(line)
    if place:
        text.stylize("cyan", 0, place.end(1))
    text.highlight_regex(r"(?<=did you mean )'[^']*'", "bold green")
    return text


def _print(console: Console, text: Text, indent: int = 0) -> None:
    """Wrapped for a person; one line per message for a file."""
    if console.is_terminal:
        console.print(Padding(text, (0, 0, 0, indent)))
    else:
        console.print(Text(" " * indent) + text, soft_wrap=True)
