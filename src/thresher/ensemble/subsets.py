"""Every subset of the models, averaged with equal weight: the best one is kept."""

from collections.abc import Mapping
from itertools import combinations
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from thresher.ensemble.base import Stack
from thresher.ensemble.search import MetricSearch, Search, best_of
from thresher.errors import RecipeError
from thresher.metrics.metric import MetricName
from thresher.metrics.mixture import Mixture
from thresher.recipe.part import build, part

_MEAN: Mapping[str, Any] = {"name": "mean"}


class Subsets(MetricSearch):
    """Scores the means of all subsets (S07: 511 of nine models) and keeps the best.

    Args:
        metric: what is made good.
        most: subsets at most. Where there are more, subsets are taken by size, the small and the large ones
            in turn (one model, all models, two models, all but one ...), as many sizes as fit whole.
        then: how the models of the best subset are weighted: their mean, or a search (S07: differential
            evolution).

    Raises:
        RecipeError: ``then`` finds no weights.
    """

    def __init__(
        self,
        *,
        metric: MetricName = "accuracy",
        most: Annotated[int, Field(ge=1)] = 1 << 16,
        then: part("ensemble") = _MEAN,  # type: ignore[valid-type]
    ) -> None:
        super().__init__(metric=metric)
        self.most = most
        self.then: Search | None = None
        if then["name"] != "mean":
            found = build("ensemble", then)
            if not isinstance(found, Search):
                raise RecipeError(f"ensemble 'subsets': then: {then['name']!r} is no search for weights")
            self.then = found

    def climb(self, mixture: Mixture, stack: Stack, seed: int) -> np.ndarray:
        """See `MetricSearch.climb`."""
        chosen = subsets(mixture.models, self.most).astype(np.float64)
        gains = np.concatenate([mixture.gains(chosen[at : at + 512]) for at in range(0, len(chosen), 512)])
        best = best_of(chosen, gains, stack)
        if self.then is not None:
            models = np.flatnonzero(best)
            best[models] = self.then.weigh(stack.pick(models), seed)
        return best


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
