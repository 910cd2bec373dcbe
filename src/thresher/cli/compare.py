"""``thresher compare``: is one run better than another, or is it luck?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thresher.cli.options import Verbose

if TYPE_CHECKING:
    from rich.table import Table

    from thresher.metrics.comparison import Comparison
    from thresher.report.standing import Standing

BAR, CLASSES, IDS = 41, 20, 6
"""Characters of the picture, classes in the table, ids of each side."""


def compare(
    scores: Annotated[
        list[Path],
        typer.Argument(
            metavar="A B [C...]",
            help="Run folders, or CSV and parquet files of scores: image_id and one column per class.",
            show_default=False,
        ),
    ],
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels",
            metavar="TABLE",
            help="Judge all of them by this table's image_id and label.  [dim]\\[their own labels][/]",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="HTML", help="Also write a page, with the photos that changed sides."),
    ] = None,
    resamples: Annotated[int, typer.Option("--resamples", min=100, help="Bootstrap draws.")] = 10_000,
    seed: Annotated[int, typer.Option("--seed", help="Of the draws.")] = 0,
    verbose: Verbose = False,
) -> None:
    """Compare runs on the same photos, paired: is one better, or is it luck?

    B, C ... are compared with A. Intervals are 95 % bootstrap intervals over photos, or over groups where a
    run has groups. p values: McNemar's exact test for accuracy, paired bootstrap for the rest; corrected
    (Holm) where there are several comparisons.
    """
    from thresher.cli import console
    from thresher.errors import DataError

    if len(scores) < 2:
        raise DataError("name two runs or files of scores, or more: thresher compare A B")
    if out is not None and out.suffix != ".html":
        raise DataError(f"--out {out}: name an .html file")

    from thresher.report.comparison import write_comparison
    from thresher.report.sides import open_sides
    from thresher.report.standing import stand

    sides = open_sides(scores, labels)
    for side in sides:
        for note in side.scores.origin.get("notes", ()):
            console.errors().print(f"{side.name}: {note}", highlight=False)
    standing = stand(sides, resamples, seed)
    show(standing)
    if len(standing.comparisons) == 1:
        _show_pair(standing.comparisons[0])
    if out is not None:
        photos = {name: path for side in reversed(sides) for name, path in side.paths.items()}
        page = write_comparison(out, standing, photos)
        console.show_facts([("page", console.short_path(page))])


def show(standing: "Standing") -> None:
    """The answers in words, the picture, and the table of scores, on stdout."""
    from thresher.cli import console
    from thresher.report.comparison import compared, sentences

    out = console.answers()
    for text in sentences(standing):
        out.print(text, markup=False, soft_wrap=True)
    out.print()
    out.print(_picture(standing))
    out.print()
    out.print(_scores(standing))
    out.print(compared(standing), markup=False)


def bar(low: float, value: float, high: float, reach: float, width: int = BAR) -> str:
    """An interval as text: ``─`` from low to high, ``●`` at the value, ``│`` at zero in the middle.

    Args:
        low, value, high: the interval.
        reach: what the ends of the text stand for, to either side of zero.
        width: characters, an odd number.
    """
    middle = width // 2

    def place(number: float) -> int:
        return middle + max(-middle, min(middle, round(number / reach * middle)))

    letters = [" "] * width
    letters[place(low) : place(high) + 1] = "─" * (place(high) - place(low) + 1)
    letters[middle] = "┼" if letters[middle] == "─" else "│"
    letters[place(value)] = "●"
    return "".join(letters)


def _picture(standing: "Standing") -> "Table":
    """The differences in accuracy, drawn in characters."""
    from rich.text import Text

    from thresher.cli import console
    from thresher.report.comparison import points

    found = [one.differences["accuracy"] for one in standing.comparisons]
    reach = max(max(abs(one["low"] or 0.0), abs(one["high"] or 0.0)) for one in found) or 0.01
    ends = f"{-100 * reach:+.1f}", f"{100 * reach:+.1f} points"
    drawn = console.table("", ends[0].ljust(BAR - len(ends[1])) + ends[1], "accuracy")
    for name, one in zip(standing.names[1:], found, strict=True):
        text, span = points(one)
        line = bar(one["low"] or 0.0, one["value"] or 0.0, one["high"] or 0.0, reach)
        drawn.add_row(Text(f"{name} against {standing.names[0]}"), Text(line), f"{text} ({span})")
    return drawn


def _scores(standing: "Standing") -> "Table":
    """Every metric of every run, with what it differs from the first."""
    from rich.text import Text

    from thresher.cli import console
    from thresher.report.comparison import chance, points
    from thresher.report.words import NAMES, metric, span

    listed = console.table("", *(text for name in NAMES.values() for text in (name, "difference", "p")))
    for place, (name, scores) in enumerate(zip(standing.names, standing.metrics, strict=True)):
        cells: list[str] = []
        for key in NAMES:
            cells.append(f"{metric(key, scores[key]['value'])}\n{span(key, scores[key])}")
            if place:
                one = standing.comparisons[place - 1]
                cells += ["\n".join(points(one.differences[key], key)), chance(one.adjusted[key])]
            else:
                cells += ["", ""]
        best = place == standing.best
        listed.add_row(Text(name + ("\n(best)" if best else ""), style="bold" if best else ""), *cells)
    return listed


def _show_pair(one: "Comparison") -> None:
    """The classes that changed most, and the photos that changed sides."""
    from rich.text import Text

    from thresher.cli import console
    from thresher.report.comparison import chance, points
    from thresher.report.words import count, percent

    out = console.answers()
    listed = console.table(
        "class", "photos", "recall", "difference", "precision", "difference", "F1", "difference", "p"
    )
    ordered = sorted(one.per_class.items(), key=lambda item: -abs(item[1]["f1"]["value"] or 0.0))
    for name, cell in ordered[:CLASSES]:
        cells = []
        for key in ("recall", "precision", "f1"):
            text, span = points(cell[key])
            cells += [
                f"{percent(cell[key]['a'])} → {percent(cell[key]['b'])}",
                f"{text} ({span})" if span else text,
            ]
        listed.add_row(Text(name), f"{cell['count']:,}", *cells, chance(cell["f1"]["adjusted"]))
    out.print()
    out.print(listed)
    if len(ordered) > CLASSES:
        out.print(f"and {len(ordered) - CLASSES:,} more classes")
    out.print()
    for name, ids in ((one.names[1], one.gained), (one.names[0], one.lost)):
        some = ", ".join(ids[:IDS]) + (" ..." if len(ids) > IDS else "")
        out.print(f"only {name} right: {count(len(ids), 'photo')}{': ' if ids else ''}{some}", markup=False)
