"""The photos most like one photo that carry a label: what a person compares it with."""

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from thresher.errors import RunError

_BLOCK = 16_384


@dataclass(frozen=True)
class Neighbour:
    """One of the nearest photos: its row, and the cosine between the features, -1 to 1."""

    row: int
    similarity: float


class Neighbours:
    """Cosine neighbours among N photos; one product of matrix and vector per question."""

    def __init__(self, embeddings: np.ndarray) -> None:
        """Takes features (N, D), which may stay on disk; a row of zeros is a photo that has none."""
        self.embeddings = embeddings
        self._lock = threading.Lock()
        self._lengths: np.ndarray | None = None

    @classmethod
    def read(cls, path: Path, photos: int) -> "Neighbours | None":
        """Opens the features of a run; None where there are none.

        Raises:
            RunError: they are not those of as many photos.
        """
        if not path.is_file():
            return None
        try:
            embeddings = np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            raise RunError(f"{path}: not a whole NumPy file ({error})") from error
        if embeddings.ndim != 2 or len(embeddings) != photos:
            raise RunError(f"{path}: the shape is {embeddings.shape}; {photos:,} photos need ({photos}, D)")
        return cls(embeddings)

    def similarity(self, row: int) -> np.ndarray:
        """Cosine of every photo with one (N,), float32; NaN where one of both has no features."""
        lengths = self._all_lengths()
        query = np.array(self.embeddings[row], dtype=np.float32)
        if lengths[row] == 0 or not np.isfinite(lengths[row]):
            return np.full(len(lengths), np.nan, np.float32)
        query /= lengths[row]
        found = np.empty(len(lengths), np.float32)
        with np.errstate(divide="ignore", invalid="ignore"):
            for start in range(0, len(lengths), _BLOCK):
                block = slice(start, start + _BLOCK)
                found[block] = np.asarray(self.embeddings[block], np.float32) @ query / lengths[block]
        return found

    def _all_lengths(self) -> np.ndarray:
        with self._lock:
            if self._lengths is None:
                lengths = np.empty(len(self.embeddings), np.float32)
                for start in range(0, len(lengths), _BLOCK):
                    block = slice(start, start + _BLOCK)
                    lengths[block] = np.linalg.norm(np.asarray(self.embeddings[block], np.float32), axis=1)
                self._lengths = lengths
            return self._lengths


def nearest(
    similarity: np.ndarray, row: int, labels: np.ndarray, wanted: int, most: int = 3
) -> list[Neighbour]:
    """The nearest photos that carry a label, nearest first.

    Args:
        similarity: of every photo with one (N,), see `Neighbours.similarity`.
        row: that one, which is not its own neighbour.
        labels: class index of every photo (N,); -1: it is no neighbour of anything.
        wanted: the label.
        most: how many.
    """
    rows = np.flatnonzero((labels == wanted) & np.isfinite(similarity))
    rows = rows[rows != row]
    best = rows[np.argsort(-similarity[rows], kind="stable")[:most]]
    return [Neighbour(int(one), float(similarity[one])) for one in best]
