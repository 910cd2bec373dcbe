"""Weighted means whose weights are searched for: what the searches share."""

from functools import partial
from typing import ClassVar

import numpy as np

from thresher.ensemble.base import Ensemble, Fitted, Stack
from thresher.metrics.metric import MetricName, metric
from thresher.metrics.mixture import Mixture, mixed, on_simplex


class Search(Ensemble):
    """Finds the weights of a weighted mean of probabilities. A subclass writes `weigh`."""

    linear = True

    def learn(self, stack: Stack, seed: int) -> Fitted:
        """See `Ensemble.learn`."""
        weights = on_simplex(self.weigh(stack, seed))
        return Fitted(partial(mixed, weights=weights), weights)

    def weigh(self, stack: Stack, seed: int) -> np.ndarray:
        """The weights (M,), >= 0, of the models of a stack; they need not sum to 1."""
        raise NotImplementedError


class MetricSearch(Search):
    """A search that makes a metric as good as it can. A subclass writes `climb`.

    Attributes:
        metric: what is made good.
        least: models without which there is nothing to search.
    """

    least: ClassVar[int] = 2

    def __init__(self, *, metric: MetricName = "accuracy") -> None:
        self.metric = metric

    def weigh(self, stack: Stack, seed: int) -> np.ndarray:
        """See `Search.weigh`."""
        if len(stack.names) < self.least:
            return np.ones(len(stack.names))
        return self.climb(Mixture(metric(self.metric), stack.scores, stack.targets), stack, seed)

    def climb(self, mixture: Mixture, stack: Stack, seed: int) -> np.ndarray:
        """The weights (M,), >= 0, at which the mixture is best."""
        raise NotImplementedError


def best_of(weights: np.ndarray, gains: np.ndarray, stack: Stack) -> np.ndarray:
    """The row of weights (B, M) with the highest gain (B,); among equal ones that of the lowest log-loss."""
    first = np.flatnonzero(gains >= gains.max() - 1e-12)
    if len(first) > 1:
        losses = Mixture(metric("log_loss"), stack.scores, stack.targets).gains(weights[first])
        first = first[[int(np.argmax(losses))]]
    found: np.ndarray = weights[first[0]]
    return found
