"""Some hundred decoded photos back to back in one file, and an index beside it.

The index is written last: a shard that has one, and photos of the length that it says, is whole.
"""

import contextlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from thresher.files import read_json, write_atomic, write_text
from thresher.images.entries import Entry


@dataclass(frozen=True)
class Index:
    """The index of a shard, one list element per photo; sizes are those of the cached pixels.

    ``stored`` is False where the cache had no room for the photos: only what is known of them is kept.
    """

    stored: bool
    size: int
    offset: list[int]
    rows: list[int]
    columns: list[int]
    status: list[str]
    reason: list[str | None]
    content: list[str | None]
    width: list[int]
    height: list[int]

    @classmethod
    def of(cls, entries: Sequence[Entry], stored: bool) -> "Index":
        """The index of photos that lie back to back in the given order."""
        shapes = [(0, 0) if entry.pixels is None else entry.pixels.shape[:2] for entry in entries]
        ends = np.cumsum([0, *(3 * rows * columns for rows, columns in shapes)]).tolist()
        return cls(
            stored=stored,
            size=ends[-1],
            offset=ends[:-1],
            rows=[shape[0] for shape in shapes],
            columns=[shape[1] for shape in shapes],
            status=[entry.status for entry in entries],
            reason=[entry.reason for entry in entries],
            content=[entry.content for entry in entries],
            width=[entry.width for entry in entries],
            height=[entry.height for entry in entries],
        )


def photos_file(folder: Path, number: int) -> Path:
    """The file of a shard's pixels."""
    return folder / f"shard-{number:05d}.bin"


def write_shard(folder: Path, number: int, entries: Sequence[Entry], stored: bool) -> Index:
    """Writes a shard so that it is whole or absent.

    Raises:
        RunError: the disk is full, or the folder cannot be written.
    """
    index = Index.of(entries, stored)
    if stored and index.size:
        pixels = [entry.pixels for entry in entries if entry.pixels is not None]
        write_atomic(
            photos_file(folder, number), lambda file: file.writelines(photo.data for photo in pixels)
        )
    write_text(folder / f"shard-{number:05d}.json", json.dumps(asdict(index)))
    return index


def drop_photos(folder: Path, number: int) -> None:
    """Removes a shard's photos and keeps what is known of them."""
    file = folder / f"shard-{number:05d}.json"
    with contextlib.suppress(OSError, ValueError):
        write_text(file, json.dumps({**read_json(file), "stored": False}))
    photos_file(folder, number).unlink(missing_ok=True)


def read_index(folder: Path, number: int, photos: int) -> Index | None:
    """The index of a shard of so many photos; None where the shard is not there or not whole."""
    try:
        index = Index(**read_json(folder / f"shard-{number:05d}.json"))
        if len(index.status) != photos:
            return None
        if index.stored and index.size and photos_file(folder, number).stat().st_size != index.size:
            return None
    except (OSError, ValueError, TypeError):
        return None
    return index


def open_photos(folder: Path, number: int) -> np.ndarray | None:
    """The bytes of a shard's photos, mapped and read-only; None where the file is gone."""
    try:
        return np.asarray(np.memmap(photos_file(folder, number), dtype=np.uint8, mode="r"))
    except (FileNotFoundError, ValueError):
        return None
