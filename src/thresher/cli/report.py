"""``thresher report``: writes the report of a run again."""

from pathlib import Path
from typing import Annotated

import typer

from thresher.cli.options import Verbose


def report(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="The folder of a finished run.", show_default=False)
    ],
    tensorboard: Annotated[
        Path | None,
        typer.Option(
            "--tensorboard",
            metavar="LOGDIR",
            help="Also write the learning curves as TensorBoard's event files.",
        ),
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Write report.html again from the files of a run."""
    from thresher.cli import console
    from thresher.run_folder import RunFolder

    folder = RunFolder.existing(run)

    from thresher.report import write_report

    rows = [("report", console.short_path(write_report(folder)))]
    if tensorboard is not None:
        from thresher.report.board import write_events

        files = write_events(folder, tensorboard)
        rows.append(("curves", f"{console.short_path(tensorboard)} ({len(files)} files)"))
    console.show_facts(rows)
