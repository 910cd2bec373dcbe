"""Learning curves in the files of TensorBoard: read into one table, written from the histories of a run."""

import struct
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from thresher.errors import DataError
from thresher.files import write_atomic
from thresher.report.facts import History, read_facts
from thresher.run_folder import RunFolder

COLUMNS = ("run", "tag", "step", "wall_time", "value")
FILE = "events.out.tfevents.thresher"
"""TensorBoard reads every file with ``tfevents`` in its name."""
_ENDS = 16
"""Bytes of a record beside its data: length, its checksum, and that of the data."""
_COUNTERS = ("stage", "epoch")


def read_events(folder: str | Path) -> tuple[pd.DataFrame, list[str]]:
    """All scalars of the event files in a folder and the folders in it.

    Args:
        folder: as ``tensorboard --logdir`` takes it.

    Returns:
        one row per scalar: ``run`` (the folder of its file, seen from the asked one), ``tag``, ``step``,
        ``wall_time`` (seconds since 1970, UTC), ``value``; by run, tag and step. And a line for each file
        that ends in what is no whole record: a writer that was killed leaves one.

    Raises:
        DataError: no such folder, no event file in it, or TensorBoard is not installed.
    """
    root = Path(folder)
    if not root.is_dir():
        raise DataError(f"{root}: no such folder")
    _need()
    files = sorted(path for path in root.rglob("*tfevents*") if path.is_file())
    if not files:
        raise DataError(f"{root}: no event file of TensorBoard in it (their names hold 'tfevents')")
    rows: list[tuple[str, str, int, float, float]] = []
    notes: list[str] = []
    for path in files:
        name = path.parent.relative_to(root).as_posix()
        rows += [(root.resolve().name if name == "." else name, *row) for row in _scalars(path, notes)]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame = frame.astype(
        {"run": "string", "tag": "string", "step": "int64", "wall_time": float, "value": float}
    )
    return frame.sort_values(["run", "tag", "step", "wall_time"], kind="stable", ignore_index=True), notes


def write_events(run: RunFolder, folder: str | Path) -> list[Path]:
    """Writes the learning curves of a run as event files, one for each job.

    Args:
        run: the run.
        folder: gets ``<run>/<model>/seed<s>/fold<k>/`` with one file each; what was written there before is
            replaced.

    Returns:
        the files.

    Raises:
        DataError: nothing was trained by gradient, or TensorBoard is not installed.
    """
    _need()
    facts = read_facts(run)
    if not facts.histories:
        raise DataError(f"{run.root}: no learning curves: only train stages have them")
    found = []
    for one in facts.histories:
        place = Path(folder) / facts.name / one.model / f"seed{one.seed}" / f"fold{one.fold}" / FILE
        source = run.job(one.model, int(one.seed), int(one.fold)) / "history.parquet"
        found.append(write_atomic(place, partial(_write, history=one, source=source)))
    return found


def _need() -> None:
    try:
        import tensorboard  # noqa: F401
    except ImportError:
        raise DataError(
            "the package tensorboard is not installed: pip install 'thresher[tensorboard]'"
        ) from None


def _scalars(path: Path, notes: list[str]) -> Iterator[tuple[str, int, float, float]]:
    """Tag, step, time and value of each scalar of a file, old style and new; checksums are checked."""
    from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
    from tensorboard.compat.proto.event_pb2 import Event

    read = 0
    for record in RawEventFileLoader(str(path)).Load():
        read += len(record) + _ENDS
        event = Event.FromString(record)
        for value in event.summary.value:
            number = _number(value)
            if number is not None:
                yield value.tag, event.step, event.wall_time, number
    left = path.stat().st_size - read
    if left:
        notes.append(f"{path}: its last {left:,} bytes are {_what(path, read)}; they were left out")


def _what(path: Path, start: int) -> str:
    """What stands where no record can be read."""
    with path.open("rb") as file:
        file.seek(start)
        head = file.read(8)
        whole = len(head) == 8 and struct.unpack("<Q", head)[0] + _ENDS <= path.stat().st_size - start
    return "damaged: a checksum differs" if whole else "half a record"


def _number(value: Any) -> float | None:
    """The number of a summary value; None for a picture, a text, a histogram."""
    if value.HasField("simple_value"):
        return float(value.simple_value)
    if not value.HasField("tensor"):
        return None
    from tensorboard.util.tensor_util import make_ndarray

    array = make_ndarray(value.tensor)
    return float(array.item()) if array.size == 1 and np.issubdtype(array.dtype, np.number) else None


def _write(file: Any, history: History, source: Path) -> None:
    """A history as event records; epochs are counted on through the stages, times end with the file's own."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter

    frame = history.frame.reset_index(drop=True)
    tags = [name for name in frame.select_dtypes("number").columns if name not in _COUNTERS]
    took = frame["seconds"].to_numpy(dtype=float) if "seconds" in frame else np.zeros(len(frame))
    times = source.stat().st_mtime - took.sum() + np.nan_to_num(took).cumsum()
    writer = RecordWriter(file)
    writer.write(Event(wall_time=float(times[0]), file_version="brain.Event:2").SerializeToString())
    for row, (time, numbers) in enumerate(zip(times, frame[tags].to_numpy(dtype=float), strict=True)):
        known = [(tag, number) for tag, number in zip(tags, numbers, strict=True) if not np.isnan(number)]
        values = [Summary.Value(tag=tag, simple_value=number) for tag, number in known]
        event = Event(wall_time=float(time), step=row + 1, summary=Summary(value=values))
        writer.write(event.SerializeToString())
