"""``thresher report``: writes the report of a run again."""

from pathlib import Path
from typing import Annotated

import typer

from thresher.cli.options import Verbose


def report(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="The folder of a finished run.", show_default=False)
    ],
    verbose: Verbose = False,
) -> None:
    """Write report.html again from the files of a run."""
    from thresher.cli import console
    from thresher.run_folder import RunFolder

    folder = RunFolder.existing(run)

    from thresher.report import write_report

    console.show_facts([("report", console.short_path(write_report(folder)))])
