"""Scores of how well right answers are ranked above wrong ones: AUC over photos, MAP@k within a photo.

Arguments as in `thresher.metrics.scores`: ``targets`` (N,), class indices, and ``scores`` (N, K).
"""

import numpy as np


def auc(targets: np.ndarray, scores: np.ndarray) -> float:
    """Area under the ROC curve of each class against the rest, 0 .. 1; mean over the classes.

    It is the chance that a photo of the class gets a higher score for it than another photo; equal scores
    count one half (Mann and Whitney 1947). Only classes count that some photo has and some has not; nan where
    there is none.
    """
    areas = []
    for index in np.unique(targets):
        inside = targets == index
        found = scores[inside, index]
        others = np.sort(scores[~inside, index])
        if len(others):
            found = np.sort(found)  # sorted needles are found several times faster
            wins = np.searchsorted(others, found, "left") + np.searchsorted(others, found, "right")
            areas.append(wins.sum() / (2.0 * len(found) * len(others)))
    return float(np.mean(areas)) if areas else float("nan")


def reciprocal_ranks(targets: np.ndarray, scores: np.ndarray, k: int) -> np.ndarray:
    """1 / place of the given label among a photo's answers (N,), 0 beyond place k.

    Of classes with equal scores the first comes first, as with `argmax`.
    """
    rows = np.arange(len(targets))
    mine = scores[rows, targets][:, None]
    earlier = np.arange(scores.shape[1]) < targets[:, None]
    place = 1 + ((scores > mine) | ((scores == mine) & earlier)).sum(1)
    found: np.ndarray = np.where(place <= k, 1.0 / place, 0.0)
    return found


def map_at_k(targets: np.ndarray, scores: np.ndarray, k: int) -> float:
    """Mean average precision of the first k answers where one label is right, 0 .. 1."""
    return float(reciprocal_ranks(targets, scores, k).mean()) if len(targets) else float("nan")
