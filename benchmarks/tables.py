"""Reading a large table, most of whose photos are missing."""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import Table, main, times_as

ROWS, FILES = 1_000_000, 100_000


def measure(quick: bool) -> Table:
    """Seconds and peak memory of `Dataset.from_table`, and of a loop that asks for each file."""
    rows, files = (20_000, 2_000) if quick else (ROWS, FILES)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "photos").mkdir()
        for number in range(files):
            (folder / "photos" / f"{number * (rows // files):08d}.jpg").touch()
        with (folder / "train.csv").open("w") as file:
            file.write("image_id,label\n")
            file.writelines(f"{number:08d}.jpg,class{number % 5}\n" for number in range(rows))
        found = {name: _run(name, folder) for name in ("pandas alone", "loop", "thresher")}
    table = Table(
        "Reading a table",
        ("what", "seconds", "peak memory", "times as fast"),
        notes=[
            f"{rows:,} rows, {rows - files:,} of their photos missing. Goal: seconds, and less than 2 GB."
        ],
    )
    names = {
        "pandas alone": "pandas.read_csv, no photo looked for",
        "loop": "read_csv, then os.path.isfile row by row",
        "thresher": "Dataset.from_table: checked, with status and reason of every row",
    }
    for name, (seconds, peak) in found.items():
        table.rows.append(
            (names[name], f"{seconds:.1f}", f"{peak:.2f} GB", times_as(found["loop"][0], seconds))
        )
    return table


def _run(name: str, folder: Path) -> tuple[float, float]:
    words = [sys.executable, __file__, "--case", name, str(folder)]
    seconds, peak = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
    return float(seconds), float(peak)


def _case(name: str, folder: Path) -> None:
    """Prints seconds without imports, and the peak memory of this process in GB."""
    import os

    import pandas as pd

    from thresher.dataset.table import Dataset
    from thresher.dataset.tabular import read_table  # noqa: F401  (imported here, so that it is not timed)

    start = time.perf_counter()
    if name == "thresher":
        dataset = Dataset.from_table(folder / "train.csv", images=folder / "photos")
        present = int(dataset.usable.sum())
    else:
        frame = pd.read_csv(folder / "train.csv", dtype=str)
        present = -1
        if name == "loop":
            present = sum(os.path.isfile(folder / "photos" / image) for image in frame["image_id"])
    seconds = time.perf_counter() - start
    assert present in (-1, len(os.listdir(folder / "photos")))
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--case"]:
        _case(sys.argv[2], Path(sys.argv[3]))
    else:
        main(measure)
