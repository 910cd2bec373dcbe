"""Options that several commands share."""

import logging
from pathlib import Path
from typing import Annotated

import typer


def _log(verbose: bool) -> None:
    """Shows the log of the library on stderr; warnings only, unless ``verbose``."""
    logger = logging.getLogger("thresher")
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S"))
        logger.addHandler(handler)
        logger.setLevel(logging.WARNING)
    if verbose:
        logger.setLevel(logging.DEBUG)


Data = Annotated[
    Path,
    typer.Argument(
        metavar="DATA",
        help="A folder of class folders, or a CSV or parquet file with image_id and label.",
        show_default=False,
    ),
]
Images = Annotated[
    Path | None,
    typer.Option(
        "--images",
        metavar="DIR",
        help="The folder that image ids start from.  [dim]\\[the table's folder][/]",
    ),
]
Test = Annotated[
    Path | None,
    typer.Option(
        "--test", metavar="DIR|TABLE", help="Photos to be predicted: a folder, or a CSV or parquet file."
    ),
]
RecipeName = Annotated[
    str,
    typer.Option(
        "--recipe",
        metavar="NAME|FILE",
        help="A recipe of the package (see `thresher recipes`) or a YAML file.",
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change any key of the recipe, such as models.lite0.image_size=160. Give it as often as needed.",
    ),
]
Smoke = Annotated[
    bool, typer.Option("--smoke", metavar="", help="Shrink the recipe: every step runs, within seconds.")
]
Verbose = Annotated[
    bool,
    typer.Option(
        "-v", "--verbose", metavar="", callback=_log, is_eager=True, help="Show the log, with details."
    ),
]
