"""Weights on the simplex by sequential least squares: the lowest log-loss of the weighted mean."""

from typing import Any

import numpy as np

from thresher.ensemble.base import Stack
from thresher.ensemble.search import Search
from thresher.metrics.scores import FLOOR


class Simplex(Search):
    """Minimises the log-loss of the weighted mean, weights >= 0 with sum 1, with SciPy's SLSQP (Kraft 1988).

    The log-loss is convex in the weights, so that there is one best weighting and nothing is drawn. Other
    metrics move in steps and have no slope to follow; they profit from a low log-loss too.
    """

    def weigh(self, stack: Stack, seed: int) -> np.ndarray:
        """See `Search.weigh`."""
        from scipy.optimize import minimize

        models = len(stack.names)
        given = stack.scores[:, np.arange(len(stack)), stack.targets]  # (M, N)

        def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
            chosen = np.clip(weights @ given, FLOOR, None)
            return float(-np.log(chosen).mean()), -(given / chosen).mean(1)

        found: Any = minimize(
            loss,
            np.full(models, 1.0 / models),
            jac=True,
            method="SLSQP",
            bounds=[(0.0, 1.0)] * models,
            constraints={
                "type": "eq",
                "fun": lambda weights: weights.sum() - 1.0,
                "jac": lambda weights: np.ones_like(weights),
            },
            options={"maxiter": 200, "ftol": 1e-9},
        )
        weights: np.ndarray = np.clip(found.x, 0.0, None)
        return weights
