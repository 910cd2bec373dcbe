"""Models and photos in an order that depends on their content alone, and copies of a model made one."""

import numpy as np

from thresher.ensemble.base import Stack
from thresher.metrics.scores import photo_losses

_MIX = np.uint64(0x9E3779B97F4A7C15)


def canonical(stack: Stack) -> tuple[Stack, np.ndarray, np.ndarray]:
    """The same stack whatever order it came in, every model once.

    Returns:
        the stack, the model with the lowest log-loss first; which of the given models are in it, in its order
        (D,); and for each of the given models which one it is there (M,).
    """
    whole = stack.scores + 0.0  # -0 becomes 0
    first: dict[bytes, int] = {}
    origin = [first.setdefault(one.tobytes(), place) for place, one in enumerate(whole)]
    distinct = np.array(sorted(set(origin)), dtype=np.int64)
    scores = whole[distinct]
    cells = _hash(scores.view(np.uint64), axis=2)  # (D, N)
    marks = np.stack([stack.targets, stack.folds], axis=1).astype(np.int64).view(np.uint64)
    # Sums of whole numbers that wrap are the same in any order.
    rows = _mixed(cells.sum(0) + _hash(marks, axis=1))
    keys = _mixed(cells + rows).sum(1)
    by_content = np.argsort(rows, kind="stable")
    losses = [photo_losses(stack.targets[by_content], one[by_content]).sum() for one in scores]
    order = np.lexsort((keys, losses))
    place_of = {int(distinct[place]): at for at, place in enumerate(order)}
    copies = np.array([place_of[place] for place in origin], dtype=np.int64)
    models = distinct[order]
    return stack.pick(models).take(by_content), models, copies


def shared(weights: np.ndarray, copies: np.ndarray) -> np.ndarray:
    """Weights (D,) of distinct models as those of all given ones (M,): copies share equally."""
    counts = np.bincount(copies, minlength=len(weights))
    parts: np.ndarray = (weights / counts)[copies]
    return parts


def _hash(words: np.ndarray, axis: int) -> np.ndarray:
    """A 64-bit number for each line of words along an axis; the order along it counts."""
    odd = _mixed(np.arange(1, words.shape[axis] + 1, dtype=np.uint64)) | np.uint64(1)
    shape = [1] * words.ndim
    shape[axis] = -1
    found: np.ndarray = _mixed((_mixed(words) * odd.reshape(shape)).sum(axis))
    return found


def _mixed(words: np.ndarray) -> np.ndarray:
    """Spreads every bit over the word (the finaliser of splitmix64)."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    spread: np.ndarray = (words ^ (words >> np.uint64(31))) + _MIX
    return spread
