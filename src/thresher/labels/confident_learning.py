"""Confident learning: another class reaches the probability that is usual among its own photos."""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from thresher.labels.base import Evidence, Finder, Suspicion, best_other, margin

SLACK = 1e-6
"""Rounding that is forgiven, as in cleanlab."""


class ConfidentLearning(Finder):
    """Photos off the diagonal of the confident joint (Northcutt et al. 2021, arXiv:1911.00068).

    The same photos in the same order as ``cleanlab.filter.find_label_issues`` with ``filter_by=
    "confident_learning"``, without its failures at classes that have no photo. The photos that are not
    flagged come after them, in the same order.

    Args:
        rank: what orders photos: the lead of the best other class, or the lack of the given one.
    """

    def __init__(
        self, *, rank: Literal["normalised_margin", "self_confidence"] = "normalised_margin"
    ) -> None:
        self.rank = rank

    def find(self, evidence: Evidence, seed: int = 0) -> Suspicion:
        """See `Finder.find`; the score is 1 .. 2 for flagged photos, else 0 .. 1."""
        scores, targets = evidence.scores, evidence.targets
        guess = confident_class(targets, scores)
        flagged = contradicted(targets, scores, guess)
        if self.rank == "normalised_margin":
            lack = (1.0 + margin(scores, targets)) / 2
        else:
            lack = 1.0 - scores[np.arange(len(targets)), targets]
        return Suspicion(lack + flagged, np.where(flagged, guess, best_other(scores, targets)))


def confident_class(targets: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The class of each photo that the scores are sure of (N,), int64, -1 where there is none.

    A class counts where its probability reaches the mean that it has among photos of that label. Where
    several do, cleanlab takes the likeliest class of all, and so is done here, but for classes that have no
    photo: they are never taken.

    Args:
        targets: given class index (N,).
        scores: probabilities (N, K).
    """
    classes = scores.shape[1]
    support = np.bincount(targets, minlength=classes)
    own = np.bincount(targets, weights=scores[np.arange(len(targets)), targets], minlength=classes)
    present = support > 0
    usual = np.divide(own, support, out=np.full(classes, 2.0), where=present)
    usual = np.maximum(usual, 2 * SLACK) - SLACK
    guess = np.full(len(targets), -1, dtype=np.int64)
    for block in _blocks(len(targets)):
        reached = scores[block] >= usual
        likeliest = np.where(present, scores[block], -1.0).argmax(1)
        several = np.where(reached.sum(1) > 1, likeliest, reached.argmax(1))
        guess[block] = np.where(reached.any(1), several, -1)
    return guess


def contradicted(targets: np.ndarray, scores: np.ndarray, guess: np.ndarray | None = None) -> np.ndarray:
    """Photos (N,), bool, whose given label the scores contradict by the rule of confident learning.

    Args:
        targets: given class index (N,).
        scores: probabilities (N, K).
        guess: `confident_class` where it is known already.
    """
    guess = confident_class(targets, scores) if guess is None else guess
    answers_so = scores.max(1, initial=0.0) - scores[np.arange(len(targets)), targets] < SLACK
    doubted: np.ndarray = (guess >= 0) & (guess != targets) & ~answers_so
    return doubted


def _blocks(rows: int, size: int = 4096) -> Iterator[slice]:
    """Some rows at a time: scores of thousands of classes are not copied whole."""
    return (slice(start, start + size) for start in range(0, rows, size))
