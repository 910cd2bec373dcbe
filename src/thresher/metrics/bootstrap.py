"""Bootstrap draws as array algebra.

A metric of a redrawn set of photos needs few sums: per class the right answers, the labels and the answers,
and the total loss. So each unit (a photo, or a group of photos that belong together) becomes one sparse
column of sums, a draw becomes a vector of how often each unit was drawn, and many draws are one matrix
product. No K x K confusion matrix is built; 2,000 draws of 21,397 photos in 5 classes take half a second on
one core.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from thresher.metrics.scores import photo_losses
from thresher.seeds import generator

BLOCK = 400_000
"""Counts (units x draws) held at a time: what fits into a processor's cache is several times faster."""


def unit_sums(targets: np.ndarray, scores: np.ndarray, units: np.ndarray) -> Any:
    """The sums of each unit.

    Args:
        targets: class indices (N,), all known.
        scores: probabilities (N, K).
        units: index of the unit of each photo (N,), 0 .. G-1.

    Returns:
        a CSR matrix (3 K + 1, G): right answers, labels and answers per class, then the loss.
    """
    from scipy.sparse import csr_array

    classes = scores.shape[1]
    answers = scores.argmax(1)
    right = targets == answers
    rows = [targets[right], classes + targets, 2 * classes + answers, np.full(len(targets), 3 * classes)]
    columns = [units[right], units, units, units]
    values = [np.ones(int(right.sum()) + 2 * len(targets)), photo_losses(targets, scores)]
    shape = (3 * classes + 1, int(units.max()) + 1)
    return csr_array((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=shape)


def unit_index(groups: np.ndarray | None, photos: int) -> np.ndarray:
    """The unit of each photo (N,): its group; a photo without a group is a unit of its own."""
    if groups is None:
        return np.arange(photos)
    import pandas as pd

    codes, names = pd.factorize(np.asarray(groups, dtype=object), use_na_sentinel=True)
    alone = codes < 0
    codes[alone] = len(names) + np.arange(int(alone.sum()))
    return np.unique(codes, return_inverse=True)[1]


def draw(sums: Any, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Draws units with replacement, as many as there are, and yields their sums.

    Args:
        sums: CSR matrix (C, G) with one column per unit.
        resamples: how many draws.
        seed: equal seeds draw equal units, whatever the sums are.

    Yields:
        (b, C) float64, some draws at a time, ``resamples`` rows in all.
    """
    units = sums.shape[1]
    rng = generator(seed, "bootstrap")
    block = max(1, min(resamples, BLOCK // units))
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        cells = rng.integers(0, units, (units, size))
        cells *= size
        cells += np.arange(size)
        counts = np.bincount(cells.ravel(), minlength=units * size).reshape(units, size)
        yield np.ascontiguousarray((sums @ counts.astype(np.float64)).T)


def total(sums: Any) -> np.ndarray:
    """The sums of all units, each once (1, C)."""
    return np.asarray(sums.sum(axis=1), dtype=np.float64).reshape(1, -1)


def metrics_of(sums: np.ndarray) -> dict[str, np.ndarray]:
    """The metrics of `thresher.metrics.scores.METRICS` of each draw (b,) from its sums (b, 3 K + 1)."""
    right, labels, answers, loss = _parts(sums)
    photos = labels.sum(1)
    either = labels + answers
    return {
        "accuracy": right.sum(1) / photos,
        "balanced_accuracy": _share(right, labels, 0.0).sum(1) / (labels > 0).sum(1),
        "macro_f1": _share(2 * right, either, 0.0).sum(1) / (either > 0).sum(1),
        "log_loss": loss / photos,
    }


def class_metrics_of(sums: np.ndarray) -> dict[str, np.ndarray]:
    """Recall, precision and F1 per draw and class (b, K) from the sums (b, 3 K + 1); nan where undefined."""
    right, labels, answers, _ = _parts(sums)
    return {
        "recall": _share(right, labels, np.nan),
        "precision": _share(right, answers, np.nan),
        "f1": _share(2 * right, labels + answers, np.nan),
    }


def _parts(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Right answers, labels, answers (b, K) and the loss (b,) of the sums (b, 3 K + 1)."""
    classes = sums.shape[1] // 3
    return sums[:, :classes], sums[:, classes : 2 * classes], sums[:, 2 * classes : -1], sums[:, -1]


def _share(part: np.ndarray, whole: np.ndarray, otherwise: float) -> np.ndarray:
    """``part / whole`` where there is a whole, else ``otherwise``."""
    shares: np.ndarray = np.divide(part, whole, out=np.full(part.shape, otherwise), where=whole > 0)
    return shares
