"""Every subset of the models, averaged with equal weight: the best one is kept."""

from itertools import combinations
from typing import Annotated

import numpy as np
from pydantic import Field

from thresher.ensemble.base import Stack
from thresher.ensemble.search import MetricSearch, best_of
from thresher.metrics.metric import MetricName
from thresher.metrics.mixture import Mixture


class Subsets(MetricSearch):
    """Scores the means of all subsets (S07: 511 of nine models) and keeps the best.

    Args:
        metric: what is made good.
        most: subsets at most. Where there are more, subsets are taken by size, the small and the large ones
            in turn (one model, all models, two models, all but one ...), as many sizes as fit whole.
    """

    def __init__(
        self, *, metric: MetricName = "accuracy", most: Annotated[int, Field(ge=1)] = 1 << 16
    ) -> None:
        super().__init__(metric=metric)
        self.most = most

    def climb(self, mixture: Mixture, stack: Stack, seed: int) -> np.ndarray:
        """See `MetricSearch.climb`."""
        chosen = subsets(mixture.models, self.most).astype(np.float64)
        gains = np.concatenate([mixture.gains(chosen[at : at + 512]) for at in range(0, len(chosen), 512)])
        return best_of(chosen, gains, stack)


def subsets(models: int, most: int) -> np.ndarray:
    """Which models are in each subset (S, models), bool; all 2^models - 1 of them, or as `Subsets` says."""
    from math import comb

    small, large = 1, models
    sizes: list[int] = []
    total = 0
    while small <= large:
        size = small if len(sizes) % 2 == 0 else large
        total += comb(models, size)
        if total > most and sizes:
            break
        sizes.append(size)
        small, large = (small + 1, large) if size == small else (small, large - 1)
    members = [places for size in sorted(sizes) for places in combinations(range(models), size)]
    found = np.zeros((len(members), models), dtype=bool)
    rows = np.repeat(np.arange(len(members)), [len(places) for places in members])
    found[rows, np.concatenate([np.array(places) for places in members])] = True
    return found
