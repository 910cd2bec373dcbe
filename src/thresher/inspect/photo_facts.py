"""Plain facts of each photo: brightness, contrast, sharpness, colourfulness, and a hint at how near it is.

All are measured on the photo squeezed to 128 x 128 pixels, so that photos of different sizes compare; one
that is smaller holds less detail and counts as less sharp.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
import pandas as pd

from thresher.inspect.greys import Photos, squeeze
from thresher.inspect.threads import side_by_side
from thresher.progress import SILENT, Progress

SIDE = 128
FACTS = {
    "brightness": "mean grey level, 0 black to 1 white",
    "contrast": "standard deviation of grey levels, 0 to .5",
    "sharpness": "variance of the Laplacian of grey levels 0 to 255; low where a photo is blurred or plain",
    "colourfulness": "of Hasler and Suesstrunk 2003; 0 is grey, over 100 is garish",
    "closeness": "octaves of large structures over small ones; high where something is near or large",
}
"""The facts, and how each is measured."""
LARGE, SMALL = (2, 8), (8, 32)
"""Cycles per side of the photo; finer ones depend on focus and compression."""
BLOCK = 64


def photo_facts(photos: Photos, rows: np.ndarray, progress: Progress = SILENT) -> pd.DataFrame:
    """Measures readable photos.

    ``closeness`` is a heuristic for what the sources call zoomed-in leaves and far shots of plants: the power
    of structures of an eighth to half of the photo's side against those of a 32nd to an eighth, as a
    logarithm to base 2. Scenes that look alike at all scales have 0. It orders photos, it measures no
    distance: the centre half of a cassava photo is closer than the whole by it in 84 of 100, of a painting in
    72.

    Args:
        photos: by row.
        rows: readable rows (R,).
        progress: told of every photo.

    Returns:
        one row per photo, in the order of ``rows``, which are the index; columns as `FACTS`, float32.
    """

    def measure(part: np.ndarray) -> np.ndarray:
        return _measure(np.stack([squeeze(photos[int(row)], SIDE) for row in part]))

    progress.start("brightness, sharpness", len(rows))
    blocks = []
    parts = [rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK)]
    for part, block in zip(parts, side_by_side(measure, ((part,) for part in parts)), strict=True):
        blocks.append(block)
        progress.advance(len(part))
    progress.finish()
    values = np.concatenate(blocks) if blocks else np.zeros((0, len(FACTS)))
    return pd.DataFrame(values.astype(np.float32), index=np.asarray(rows), columns=list(FACTS))


def quantiles(facts: pd.DataFrame) -> pd.DataFrame:
    """``min``, ``5 %``, ``median``, ``95 %``, ``max`` of each fact, facts as rows."""
    names = {"min": 0, "5 %": 0.05, "median": 0.5, "95 %": 0.95, "max": 1}
    found = facts.astype(np.float64).quantile(list(names.values()))
    return found.set_axis(list(names)).T


def extremes(facts: pd.DataFrame, name: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows (index) with the lowest and with the highest values of a fact, the most extreme first; each at
    most half of all."""
    order = np.argsort(facts[name].to_numpy(), kind="stable")
    count = min(count, len(order) // 2)
    index = facts.index.to_numpy()
    return index[order[:count]], index[order[::-1][:count]]


def _measure(squares: np.ndarray) -> np.ndarray:
    """The facts (B, 5) of photos uint8 (B, 128, 128, 3)."""
    import cv2

    red, green, blue = (squares[..., channel].astype(np.float32) for channel in range(3))
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    sharp = [cv2.Laplacian(one, cv2.CV_32F).var() for one in luma]
    pair, other = red - green, (red + green) / 2 - blue
    spread = np.sqrt(pair.var(axis=(1, 2)) + other.var(axis=(1, 2)))
    colour = spread + 0.3 * np.hypot(pair.mean(axis=(1, 2)), other.mean(axis=(1, 2)))
    large, small = _powers(luma)
    columns = [
        luma.mean(axis=(1, 2)) / 255,
        luma.std(axis=(1, 2)) / 255,
        np.array(sharp),
        colour,
        np.log2((large + 1) / (small + 1)),  # 1: nothing that could be seen, so that plain photos are 0
    ]
    return np.stack(columns, axis=1)


def _powers(luma: np.ndarray) -> Iterator[np.ndarray]:
    """Power (B,) of large and of small structures of greys (B, 128, 128), under a Hann window."""
    bands, window = _bands()
    flat = (luma - luma.mean(axis=(1, 2), keepdims=True)) * window
    power = np.abs(np.fft.rfft2(flat)) ** 2 / SIDE**2
    power[..., 1:-1] *= 2  # of real numbers only half of the frequencies are kept
    return (power[:, band].sum(axis=1) for band in bands)


@cache
def _bands() -> tuple[list[np.ndarray], np.ndarray]:
    """Which frequencies are large and small structures (128, 65), and the window (128, 128)."""
    down, across = np.fft.fftfreq(SIDE, 1 / SIDE), np.fft.rfftfreq(SIDE, 1 / SIDE)
    cycles = np.hypot(down[:, None], across)
    window = np.hanning(SIDE).astype(np.float32)
    return [(cycles >= low) & (cycles < high) for low, high in (LARGE, SMALL)], np.outer(window, window)
