"""``thresher predict``: scores of new photos from a finished run."""

from pathlib import Path
from typing import Annotated

import typer

from thresher.cli.options import Images, Verbose


def predict(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="The folder of a finished run.", show_default=False)
    ],
    photos: Annotated[
        Path,
        typer.Argument(
            metavar="PHOTOS",
            help="A folder, a photo, or a CSV or parquet file with image_id.",
            show_default=False,
        ),
    ],
    images: Images = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Where the scores go: .csv or .parquet.")
    ] = Path("scores.csv"),
    calibrated: Annotated[
        bool,
        typer.Option(
            "--calibrated",
            metavar="",
            help="Probabilities as sure as the run was right: see Calibration in its report.",
        ),
    ] = False,
    verbose: Verbose = False,
) -> None:
    """Score new photos with the models of a run."""
    from thresher.cli import console
    from thresher.cli.display import Display
    from thresher.errors import DataError

    if out.suffix not in (".csv", ".parquet"):
        raise DataError(f"--out {out}: name a .csv or a .parquet file")
    from thresher.pipeline.predict import predict as predict_photos

    with Display() as progress:
        scores = predict_photos(run, photos, images, calibrated=calibrated, progress=progress)
    scores.save(out)
    counts = {name: int((scores.predicted == name).sum()) for name in scores.classes}
    shown = sorted((name for name in counts if counts[name]), key=lambda name: -counts[name])[:20]
    rows = [("photos", f"{len(scores):,}"), *((f"  {name}", f"{counts[name]:,}") for name in shown)]
    if calibrated:
        rows.append(("temperature", f"{scores.origin['temperature']:.2f}"))
    console.show_facts([*rows, ("scores", console.short_path(out))])
