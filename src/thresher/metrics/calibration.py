"""Does a probability of 80 % come true in 80 of 100 photos? Reliability bins, expected calibration error.

Guo et al., On calibration of modern neural networks, https://arxiv.org/abs/1706.04599
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Reliability:
    """Answers sorted into bins of equal width by their probability.

    Attributes:
        edges: bin edges (B + 1,), 0 .. 1.
        count: answers per bin (B,).
        confidence: mean probability of the answers per bin (B,), nan where empty.
        accuracy: share of right answers per bin (B,), nan where empty.
        ece: mean distance between confidence and accuracy, weighted by count, 0 .. 1.
    """

    edges: np.ndarray
    count: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    ece: float


def reliability(targets: np.ndarray, scores: np.ndarray, bins: int = 10) -> Reliability:
    """Sorts the answers into bins (low, high] of their probability.

    Args:
        targets: class indices (N,).
        scores: probabilities (N, K).
        bins: how many bins of equal width.
    """
    confidence = scores.max(1)
    right = (scores.argmax(1) == targets).astype(np.float64)
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean_confidence = np.bincount(place, weights=confidence, minlength=bins) / count
        mean_right = np.bincount(place, weights=right, minlength=bins) / count
    gap = np.abs(np.nan_to_num(mean_confidence - mean_right))
    ece = float((gap * count).sum() / count.sum()) if count.sum() else float("nan")
    return Reliability(edges, count, mean_confidence, mean_right, ece)
