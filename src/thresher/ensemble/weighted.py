"""The weighted mean: your weights, or each model by its own merit."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from thresher.ensemble.base import Fitted, Stack
from thresher.ensemble.search import Search
from thresher.errors import DataError
from thresher.metrics.metric import MetricName, metric
from thresher.metrics.mixture import mixed, on_simplex
from thresher.registry import nearest


class Weighted(Search):
    """A weighted mean of probabilities, with weights that are not searched for.

    Without ``weights``, a model counts by how much better its metric is than that of the class shares, which
    every photo could be given without looking at it. So a model that knows nothing counts nothing.

    Args:
        weights: by model name, >= 0; a model that is not named counts nothing.
        metric: what tells the models' merit.
        power: the merit is raised to it: the higher, the more the best models count.
    """

    def __init__(
        self,
        *,
        weights: dict[str, Annotated[float, Field(ge=0)]] | None = None,
        metric: MetricName = "accuracy",
        power: Annotated[float, Field(gt=0)] = 2.0,
    ) -> None:
        self.weights, self.metric, self.power = weights, metric, power

    def fit(self, stack: Stack, seed: int = 0) -> Fitted:
        """See `Ensemble.fit`; of copies of a model each has its own weight, where weights are given.

        Raises:
            DataError: a weight of a model that is not there, or all weights are 0; or see `Ensemble.fit`.
        """
        if self.weights is None:
            return super().fit(stack, seed)
        try:
            self.check(stack.names)
        except ValueError as error:
            raise DataError(str(error)) from None
        given = on_simplex(np.array([self.weights.get(name, 0.0) for name in stack.names]))
        order = np.argsort(stack.names)  # the sum does not depend on the order of the models
        return Fitted(lambda scores: mixed(scores[order], weights=given[order]), given)

    def weigh(self, stack: Stack, seed: int) -> np.ndarray:
        """See `Search.weigh`."""
        wanted = metric(self.metric)
        shares = np.bincount(stack.targets, minlength=stack.scores.shape[2]) / len(stack)
        floor = wanted.gain(stack.targets, np.tile(shares, (len(stack), 1)))
        merits = np.array([wanted.gain(stack.targets, one) for one in stack.scores])
        return np.nan_to_num(np.clip(merits - floor, 0, None)) ** self.power

    def check(self, names: Sequence[str]) -> None:
        """See `Ensemble.check`."""
        for name in self.weights or {}:
            if name not in names:
                raise ValueError(f"ensemble 'weighted': no model is named {name!r}{nearest(name, names)}")
        if self.weights is not None and not any(self.weights.values()):
            raise ValueError("ensemble 'weighted': no model has a weight above 0")
