"""The mean of several ensembles (S18, S22, S24)."""

from typing import Annotated

import numpy as np
from pydantic import Field

from thresher.ensemble.base import Ensemble, Fitted, Stack
from thresher.ensemble.mean import plain_mean
from thresher.recipe.part import build, part

_S18 = ({"name": "cnn_1d"}, {"name": "cnn_2d"}, {"name": "differential_evolution"})


class Average(Ensemble):
    """Fits several ensembles on the same photos and averages their probabilities.

    Args:
        of: the ensembles (S18: both convolutions and a search for weights).
    """

    def __init__(
        self,
        *,
        of: Annotated[tuple[part("ensemble"), ...], Field(min_length=1)] = _S18,  # type: ignore[valid-type]
    ) -> None:
        self.members: list[Ensemble] = [build("ensemble", spec) for spec in of]
        self.learns = any(member.learns for member in self.members)  # type: ignore[misc]
        self.linear = all(member.linear for member in self.members)  # type: ignore[misc]

    def learn(self, stack: Stack, seed: int) -> Fitted:
        """See `Ensemble.learn`."""
        fitted = [member.learn(stack, seed) for member in self.members]
        weights = None
        if self.linear:
            weights = np.mean([one.weights for one in fitted if one.weights is not None], axis=0)
        return Fitted(lambda scores: plain_mean(np.stack([one.apply(scores) for one in fitted])), weights)
