"""Photos whose embeddings stand out as near: candidates for crops and other copies that a hash cannot see.

How near two different photos are depends on the data (leaves of one plant, or anything at all), and on where
in it they lie. So a pair is a candidate not below a fixed distance, but where it is nearer than both photos
are to their neighbourhoods by a margin, as in local scaling (Zelnik-Manor and Perona 2004).
"""

from collections.abc import Iterator

import numpy as np

MOST = 10
"""Nearest photos that are looked at for each photo."""
AROUND = slice(4, 14)
"""Ranks of the neighbours, from 0, whose mean similarity is that of the neighbourhood."""
MARGIN = 0.1
"""Of cosine similarity between embeddings minus their mean."""
BLOCK = 16_000_000
"""Similarities held at a time."""


def neighbour_candidates(
    embeddings: np.ndarray, most: int = MOST, margin: float = MARGIN
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of photos that are nearer to each other than to their neighbourhoods.

    Args:
        embeddings: float (N, D).
        most: nearest photos of each photo that may be its pair.
        margin: by which the similarity exceeds that of both neighbourhoods, the mean of ranks 5 to 14.

    Returns:
        rows (M,) and (M,), first < second, each pair once.
    """
    count = len(embeddings)
    if count < 2:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    kept = min(max(AROUND.stop, most), count - 1)
    near, similar = (np.concatenate(part) for part in zip(*_nearest(unit(embeddings), kept), strict=True))
    # Of few photos the whole is the neighbourhood.
    around = similar[:, AROUND] if kept >= AROUND.stop else np.zeros((count, 1), similar.dtype)
    level = around.mean(axis=1)
    near, similar = near[:, :most], similar[:, :most]
    one, place = np.nonzero(similar >= np.maximum(level[:, None], level[near]) + margin)
    other = near[one, place]
    pairs = np.unique(np.minimum(one, other) * count + np.maximum(one, other))
    return pairs // count, pairs % count


def unit(embeddings: np.ndarray) -> np.ndarray:
    """Embeddings (N, D) minus their mean, each of length 1; zeros stay zeros."""
    centred = embeddings - embeddings.mean(axis=0, dtype=np.float64).astype(embeddings.dtype)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    units: np.ndarray = centred / np.where(length > 0, length, 1)
    return units


def _nearest(units: np.ndarray, kept: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The nearest photos and their similarities (b, kept), nearest first, a block of photos at a time."""
    count = len(units)
    size = max(1, BLOCK // count)
    for start in range(0, count, size):
        similar = units[start : start + size] @ units.T
        rows = np.arange(len(similar))
        similar[rows, rows + start] = -2
        near = np.argpartition(-similar, kept - 1, axis=1)[:, :kept]
        order = np.argsort(-similar[rows[:, None], near], axis=1, kind="stable")
        near = near[rows[:, None], order]
        yield near.astype(np.int64), similar[rows[:, None], near]
