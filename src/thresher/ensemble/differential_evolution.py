"""Weights by differential evolution (S07).

Storn and Price, Differential evolution, Journal of Global Optimization 11 (1997), as SciPy has it.
"""

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from thresher.ensemble.base import Stack
from thresher.ensemble.search import MetricSearch
from thresher.metrics.metric import MetricName
from thresher.metrics.mixture import Mixture
from thresher.seeds import derive


class DifferentialEvolution(MetricSearch):
    """A population of weightings, bounds 0 to 1, that is crossed and selected.

    Args:
        metric: what is made good.
        rounds: generations at most (S07: 20).
        population: weightings per model.
        tolerance: relative spread of the population at which it stops early (S07: 1e-5).
        seed: of the search; default: from the recipe's seed. S07's is 8.
    """

    def __init__(
        self,
        *,
        metric: MetricName = "accuracy",
        rounds: Annotated[int, Field(ge=1)] = 20,
        population: Annotated[int, Field(ge=1)] = 15,
        tolerance: Annotated[float, Field(ge=0)] = 1e-5,
        seed: Annotated[int, Field(ge=0, lt=2**32)] | None = None,
    ) -> None:
        super().__init__(metric=metric)
        self.rounds, self.population, self.tolerance, self.seed = rounds, population, tolerance, seed

    def climb(self, mixture: Mixture, stack: Stack, seed: int) -> np.ndarray:
        """See `MetricSearch.climb`."""
        from scipy.optimize import differential_evolution

        own = derive(seed, "differential evolution") % 2**32 if self.seed is None else self.seed
        found: Any = differential_evolution(
            lambda weights: -mixture.gain(weights),
            [(0.0, 1.0)] * mixture.models,
            maxiter=self.rounds,
            popsize=self.population,
            tol=self.tolerance,
            seed=own,
            polish=False,  # it follows gradients, and most metrics have none
        )
        weights: np.ndarray = found.x
        return weights
