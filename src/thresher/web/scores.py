"""What the models think of each photo: the likeliest classes, and the two labels in question."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from thresher.predictions import Predictions

LIKELIEST = 9
"""Classes per photo that have a key of their own: 1 to 9."""
_BLOCK = 2048


@dataclass(frozen=True)
class Scores:
    """Out-of-fold probabilities of N photos; NaN where there are none.

    Attributes:
        given, suggested: of the two labels (N,), float64.
        classes: the likeliest classes (N, at most 9), int64, likeliest first; -1 where there are no scores.
        top: their probabilities, of the same shape.
    """

    given: np.ndarray
    suggested: np.ndarray
    classes: np.ndarray
    top: np.ndarray


def read_scores(
    path: Path, ids: pd.Series, given: np.ndarray, suggested: np.ndarray, classes: tuple[str, ...]
) -> Scores:
    """Reads a file of scores; without it, or for photos and classes that it lacks, nothing is known.

    Args:
        path: of `Predictions`.
        ids: N photos.
        given, suggested: class indices (N,), -1 for none.
        classes: K names.

    Raises:
        DataError: the file is there but cannot be read.
    """
    keep = min(LIKELIEST, len(classes))
    blank = np.full(len(ids), np.nan)
    found = Scores(blank, blank.copy(), np.full((len(ids), keep), -1), np.full((len(ids), keep), np.nan))
    if not path.is_file():
        return found
    oof = Predictions.load(path)
    columns = pd.Index(oof.classes).get_indexer(pd.Index(classes))
    rows = pd.Index(oof.ids).get_indexer(pd.Index(ids))
    known = np.flatnonzero(rows >= 0)
    for start in range(0, len(known), _BLOCK):  # thousands of classes are not copied whole
        block = known[start : start + _BLOCK]
        scores = np.where(columns >= 0, oof.scores[rows[block]][:, columns], np.nan)
        each = np.arange(len(block))
        found.given[block] = scores[each, given[block]]
        found.suggested[block] = np.where(suggested[block] >= 0, scores[each, suggested[block]], np.nan)
        low = np.nan_to_num(-scores, nan=1.0)
        few = np.sort(np.argpartition(low, keep - 1, axis=1)[:, :keep], axis=1)  # equal ones by class
        order = np.take_along_axis(few, np.argsort(np.take_along_axis(low, few, 1), axis=1, kind="stable"), 1)
        found.classes[block] = order
        found.top[block] = np.take_along_axis(scores, order, 1)
    return found
