"""Greedy selection with replacement: the model that helps most is added, again and again.

Caruana, Niculescu-Mizil, Crew and Ksikes, Ensemble selection from libraries of models (ICML 2004).
"""

from typing import Annotated

import numpy as np
from pydantic import Field

from thresher.ensemble.base import Stack
from thresher.ensemble.search import MetricSearch
from thresher.metrics.metric import MetricName
from thresher.metrics.mixture import Mixture, on_simplex
from thresher.seeds import generator

EQUAL = 1e-12


class Greedy(MetricSearch):
    """Adds models one by one, each as often as it helps, and keeps the best mixture on the way.

    With bags, that is done with several random parts of the models, and the weights are averaged: the choice
    then fits less to chance.

    Args:
        metric: what is made good.
        rounds: models that are added.
        bags: random parts of the models; 1 takes all models, once.
        share: of the models in each bag; three at least.
    """

    def __init__(
        self,
        *,
        metric: MetricName = "accuracy",
        rounds: Annotated[int, Field(ge=1)] = 100,
        bags: Annotated[int, Field(ge=1)] = 20,
        share: Annotated[float, Field(gt=0, le=1)] = 0.5,
    ) -> None:
        super().__init__(metric=metric)
        self.rounds, self.bags, self.share = rounds, bags, share

    def climb(self, mixture: Mixture, stack: Stack, seed: int) -> np.ndarray:
        """See `MetricSearch.climb`."""
        if self.bags == 1:
            return self._path(mixture, np.arange(mixture.models))
        rng = generator(seed, "greedy")
        size = min(mixture.models, max(3, round(self.share * mixture.models)))
        found = np.zeros(mixture.models)
        for _ in range(self.bags):
            found += on_simplex(self._path(mixture, np.sort(rng.permutation(mixture.models)[:size])))
        return found

    def _path(self, mixture: Mixture, allowed: np.ndarray) -> np.ndarray:
        """The counts (M,) of the best mixture on the way; of equally good ones the first."""
        counts, best = np.zeros(mixture.models), np.zeros(mixture.models)
        top = -np.inf
        steps = np.eye(mixture.models)[allowed]
        for _ in range(self.rounds):
            gains = mixture.gains(counts + steps)
            counts = counts + steps[int(np.argmax(gains >= gains.max() - EQUAL))]
            if gains.max() > top + EQUAL:
                top, best = float(gains.max()), counts
        return best
