"""Bootstrap draws as array algebra.

A metric of a redrawn set of photos needs few sums: per class the right answers, the labels and the answers,
and the total loss. So each unit (a photo, or a group of photos that belong together) becomes one sparse
column of sums, a draw becomes a vector of how often each unit was drawn, and many draws are one matrix
product. No K x K confusion matrix is built; 2,000 draws of 21,397 photos in 5 classes take a third of a
second on one core. Two runs are compared on equal draws; photos with equal label and equal answers are
counted together, so that 10,000 such draws take a second and a half.
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


def paired_sums(targets: np.ndarray, a: np.ndarray, b: np.ndarray, units: np.ndarray) -> tuple[Any, Any]:
    """The sums of each unit for two sets of scores (N, K), in two steps that are faster than one.

    Returns:
        a CSR matrix (M + 2, G): how many photos of each kind (label, answer of A, answer of B) a unit has,
        then A's loss and B's; and a CSR matrix (2 (3 K + 1), M + 2) that makes A's sums, then B's, of it.
    """
    from scipy.sparse import csr_array

    classes = a.shape[1]
    half = 3 * classes + 1
    answers = np.stack([a.argmax(1), b.argmax(1)])
    code = (targets.astype(np.int64) * classes + answers[0]) * classes + answers[1]
    kinds, kind = np.unique(code, return_inverse=True)
    label, said = kinds // classes**2, (kinds // classes % classes, kinds % classes)
    rows: list[np.ndarray] = []
    columns: list[np.ndarray] = []
    losses: list[np.ndarray] = []
    for place, answer in enumerate(said):
        right = np.flatnonzero(answer == label)
        start, every = place * half, np.arange(len(kinds))
        rows += [
            start + label[right],
            start + classes + label,
            start + 2 * classes + answer,
            np.array([start + 3 * classes]),
        ]
        columns += [right, every, every, np.array([len(kinds) + place])]
        losses.append(photo_losses(targets, (a, b)[place]))
    row, column = np.concatenate(rows), np.concatenate(columns)
    parts = csr_array((np.ones(len(row)), (row, column)), shape=(2 * half, len(kinds) + 2))
    row = np.concatenate([kind, *(np.full(len(targets), len(kinds) + place) for place in range(2))])
    values = np.concatenate([np.ones(len(targets)), *losses])
    shape = (len(kinds) + 2, int(units.max()) + 1)
    return csr_array((values, (row, np.tile(units, 3))), shape=shape), parts


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
        cells = _uniform(rng, units, units * size).reshape(units, size)
        cells *= size
        cells += np.arange(size)
        counts = np.bincount(cells.ravel(), minlength=units * size).reshape(units, size)
        yield np.ascontiguousarray((sums @ counts.astype(np.float64)).T)


def _uniform(rng: np.random.Generator, below: int, count: int) -> np.ndarray:
    """``count`` integers 0 .. below-1, int64, in a quarter of the time that ``rng.integers`` takes.

    The upper half of 32 random bits times ``below`` (Lemire, Fast random integer generation in an interval,
    2019), without his rejection: no number is likelier than another by more than a share of below / 2^32.
    """
    bits = rng.integers(0, 2**64, (count + 1) // 2, dtype=np.uint64).view(np.uint32)[:count]
    wide = bits.astype(np.uint64)
    wide *= np.uint64(below)
    wide >>= np.uint64(32)
    return wide.view(np.int64)


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
