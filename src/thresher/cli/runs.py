"""``thresher runs``: all runs in a folder, and learning curves as TensorBoard knows them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thresher.cli.options import Verbose

if TYPE_CHECKING:
    import pandas as pd

    from thresher.pipeline.ledger import Entry

SHOWN, SCALARS = 6, 60
"""Keys that differ that are shown of one run; curves that are listed."""


def runs(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where the run folders are; also one run folder.")
    ] = Path("runs"),
    sort: Annotated[
        str,
        typer.Option(
            "--sort",
            metavar="BY",
            help="started, name, seconds, accuracy, balanced_accuracy, macro_f1 or log_loss.",
        ),
    ] = "started",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Also write the table: .csv or .parquet.")
    ] = None,
    tensorboard: Annotated[
        Path | None,
        typer.Option(
            "--tensorboard",
            metavar="LOGDIR",
            help="Instead: read TensorBoard's event files in this folder into one table, for --out.",
        ),
    ] = None,
    verbose: Verbose = False,
) -> None:
    """List all runs in a folder: what, when, how long, how good, and what differs from the run above."""
    from thresher.cli import console
    from thresher.errors import DataError

    if out is not None and out.suffix not in (".csv", ".parquet"):
        raise DataError(f"--out {out}: name a .csv or a .parquet file")

    if tensorboard is not None:
        _read_events(tensorboard, out)
        return
    from thresher.pipeline.ledger import ledger_frame, read_ledger

    entries = read_ledger(folder, sort)
    _show(entries)
    if out is not None:
        write_table(ledger_frame(entries), out)
        console.show_facts([("table", console.short_path(out))])


def write_table(frame: "pd.DataFrame", path: Path) -> None:
    """Writes a table whole, as CSV or parquet by its name."""
    from thresher.files import write_atomic

    if path.suffix == ".csv":
        write_atomic(path, lambda file: frame.to_csv(file, index=False, lineterminator="\n"))
    else:
        write_atomic(path, lambda file: frame.to_parquet(file, index=False))


def _read_events(folder: Path, out: Path | None) -> None:
    """TensorBoard's scalars as a table, and how many there are of each."""
    from rich.text import Text

    from thresher.cli import console
    from thresher.report.board import read_events

    frame, notes = read_events(folder)
    for note in notes:
        console.errors().print(note, style="yellow", highlight=False, soft_wrap=True)
    listed = console.table("run", "tag", "values", "steps", "last")
    curves = frame.groupby(["run", "tag"], sort=False)
    about = curves.agg(
        values=("value", "size"), first=("step", "first"), end=("step", "last"), last=("value", "last")
    )
    for run, tag, values, first, end, last in (
        about.head(SCALARS).reset_index().itertuples(index=False, name=None)
    ):
        listed.add_row(Text(run), Text(tag), f"{values:,}", f"{first:,} to {end:,}", f"{last:.4g}")
    console.answers().print(listed)
    if out is not None:
        write_table(frame, out)
    rows = [("scalars", f"{len(frame):,}")]
    console.show_facts([*rows, ("table", console.short_path(out))] if out else rows)


def _show(entries: "list[Entry]") -> None:
    from rich.text import Text

    from thresher.cli import console
    from thresher.pipeline.ledger import differences
    from thresher.report.words import metric, span

    out = console.answers()
    listed = console.table(
        "run", "recipe", "data", "started (UTC)", "time", "accuracy", "log-loss", "differs"
    )
    for place, entry in enumerate(entries):
        scores = []
        for name in ("accuracy", "log_loss"):
            one = entry.scores.get(name, {})
            scores.append(f"{metric(name, one.get('value'))}\n{span(name, one)}".strip() if one else "")
        if entry.status != "finished":
            scores[0] = f"{entry.status}\n{scores[0]}".strip()
        found = differences(entries[place - 1].recipe, entry.recipe) if place else []
        more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
        data = "" if entry.photos is None else f"{entry.photos:,} x {entry.classes}"
        listed.add_row(
            Text(entry.name),
            Text(str(entry.recipe.get("name", ""))),
            f"{data}\n{(entry.fingerprint or '')[:8]}".strip(),
            entry.started[:16].replace("T", "\n"),
            console.duration(entry.seconds),
            *scores,
            Text("\n".join([*found[:SHOWN], *more])),
        )
    out.print(listed)
