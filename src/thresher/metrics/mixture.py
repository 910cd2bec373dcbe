"""How good weighted means of several models' scores are, for many weightings at once.

A search over weights asks for the metric of thousands of mixtures. Photos that every mixture answers alike
are counted once, ahead (`thresher.metrics.margins`, `thresher.metrics.answers`); what is left is one matrix
product, a block at a time. 511 subsets of nine models over 21,397 photos take a twentieth of a second.
"""

from typing import Protocol

import numpy as np

from thresher.metrics.answers import Answers
from thresher.metrics.blocks import blocks
from thresher.metrics.margins import Margins
from thresher.metrics.metric import Metric
from thresher.metrics.scores import FLOOR


class _Gains(Protocol):
    """What `Mixture` leaves the work to: weights (B, M) on the simplex -> gains (B,)."""

    def __call__(self, weights: np.ndarray) -> np.ndarray: ...


class Mixture:
    """The metric of ``sum_m w_m scores_m`` as a function of the weights."""

    def __init__(self, metric: Metric, scores: np.ndarray, targets: np.ndarray) -> None:
        """Prepares the photos.

        Args:
            metric: what is wanted.
            scores: probabilities (M, N, K) of M models, rows sum to 1.
            targets: class indices (N,).
        """
        self.models = len(scores)
        self._gains: _Gains
        if metric.name == "log_loss":
            self._gains = _Likelihoods(scores, targets)
        elif metric.name in ("accuracy", "balanced_accuracy") or metric.k is not None:
            # Divided at last: so equally many right answers are equally good, to the bit.
            shares, total = np.ones(len(targets)), float(len(targets))
            if metric.name == "balanced_accuracy":
                support = np.bincount(targets)
                shares, total = 1.0 / support[targets], float((support > 0).sum())
            self._gains = Margins(scores, targets, shares, total, metric.k or 1)
        elif metric.name == "macro_f1":
            self._gains = Answers(scores, targets)
        else:
            self._gains = _OneByOne(metric, scores, targets)

    def gains(self, weights: np.ndarray) -> np.ndarray:
        """The metric of every mixture, higher is better.

        Args:
            weights: (B, M), not negative; each row is divided by its sum (one of zeros counts as equal
                weights).

        Returns:
            (B,) float64; the log-loss with its sign turned.
        """
        weights = on_simplex(weights)
        found: np.ndarray = self._gains(weights)
        return found

    def gain(self, weights: np.ndarray) -> float:
        """The same of one weighting (M,)."""
        return float(self.gains(np.asarray(weights)[None])[0])


def on_simplex(weights: np.ndarray) -> np.ndarray:
    """Weights (..., M) divided by their sum; equal ones where the sum is 0."""
    weights = np.asarray(weights, dtype=np.float64)
    sums = weights.sum(-1, keepdims=True)
    equal = 1.0 / weights.shape[-1]
    shares: np.ndarray = np.divide(weights, sums, out=np.full(weights.shape, equal), where=sums > 0)
    return shares


def mixed(scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The weighted mean (N, K) of scores (M, N, K), model by model, so that no row depends on another."""
    total = np.zeros(scores.shape[1:])
    for one, weight in zip(scores, weights, strict=True):
        total += weight * one
    return total


class _Likelihoods:
    """Minus the log-loss: of each model only the probability of the given label counts."""

    def __init__(self, scores: np.ndarray, targets: np.ndarray) -> None:
        self.given = np.ascontiguousarray(scores[:, np.arange(len(targets)), targets])

    def __call__(self, weights: np.ndarray) -> np.ndarray:
        total = np.zeros(len(weights))
        for part in blocks(self.given.shape[1], len(weights)):
            total += np.log(np.clip(weights @ self.given[:, part], FLOOR, 1.0)).sum(1)
        gains: np.ndarray = total / self.given.shape[1]
        return gains


class _OneByOne:
    """Any other metric: a mixture after the other."""

    def __init__(self, metric: Metric, scores: np.ndarray, targets: np.ndarray) -> None:
        self.metric, self.scores, self.targets = metric, scores, targets

    def __call__(self, weights: np.ndarray) -> np.ndarray:
        return np.array([self.metric.gain(self.targets, mixed(self.scores, one)) for one in weights])
