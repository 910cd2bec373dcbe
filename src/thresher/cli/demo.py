"""``thresher demo``: the main job on real photos that come as a package, solar cells with doubtful labels."""

import csv
import io
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from thresher.cli.options import Verbose

FEW = 600
CLASSES = {0.0: "fine", 1 / 3: "probably fine", 2 / 3: "probably defective", 1.0: "defective"}
"""What the experts' probability of a defect means, as the classes of the demo."""


def demo(
    full: Annotated[
        bool, typer.Option("--full", metavar="", help=f"All 2,624 photos, not {FEW} of them.")
    ] = False,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder of the demo's table and its run.")
    ] = Path("demo"),
    verbose: Verbose = False,
) -> None:
    """Run the default recipe on real photos: solar cells, each labelled with how surely it is defective.

    The photos are those of the package elpv-dataset (CC BY-NC-SA 4.0): `pip install 'thresher\\[demo]'`.
    """
    from thresher.cli.run import run
    from thresher.files import write_text

    photos = find_photos()
    table = write_text(out / "solar_cells.csv", table_of((photos.parent / "labels.csv").read_text("utf-8")))
    keys = [f"data.classes=[{', '.join(CLASSES.values())}]"]  # from fine to defective, not by the alphabet
    keys += [] if full else [f"data.limit={FEW}"]
    run(table, images=photos, set_=keys, out=out / ("run-full" if full else "run"))


def find_photos() -> Path:
    """The image folder of elpv-dataset; its code is not run.

    Raises:
        DataError: it is not installed.
    """
    from thresher.errors import DataError

    package = find_spec("elpv_dataset")
    places = list(package.submodule_search_locations or ()) if package else []
    photos = Path(places[0]) / "data" / "images" if places else None
    if photos is None or not photos.is_dir():
        raise DataError("the photos of the demo are not installed: pip install 'thresher[demo]'")
    return photos


def table_of(labels: str) -> str:
    """``image_id,label,cell`` as CSV.

    Args:
        labels: the package's ``labels.csv``: file, probability of a defect, mono or poly; between spaces.
    """
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["image_id", "label", "cell"])
    for line in labels.splitlines():
        file, probability, cell = line.split()
        nearest = min(CLASSES, key=lambda known: abs(known - float(probability)))
        table.writerow([Path(file).name, CLASSES[nearest], cell])
    return out.getvalue()
