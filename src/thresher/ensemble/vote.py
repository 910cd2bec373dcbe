"""The vote: how many models put a class first."""

from typing import Annotated

import numpy as np
from pydantic import Field

from thresher.ensemble.base import Ensemble, Fitted, Stack
from thresher.ensemble.mean import plain_mean


class Vote(Ensemble):
    """The share of models that put a class first; equal first classes of a model share its vote.

    Args:
        share: how much of the answer is the mean of probabilities, which decides between classes with as many
            votes and keeps a class without votes possible.
    """

    learns = False

    def __init__(self, *, share: Annotated[float, Field(gt=0, lt=1)] = 0.01) -> None:
        self.share = share

    def learn(self, stack: Stack, seed: int) -> Fitted:
        """See `Ensemble.learn`."""
        models = len(stack.names)

        def rule(scores: np.ndarray) -> np.ndarray:
            votes = np.zeros(scores.shape[1:])
            for one in scores:
                first = one == one.max(axis=1, keepdims=True)
                votes += first / first.sum(axis=1, keepdims=True)
            mixed: np.ndarray = (1 - self.share) * votes / models + self.share * plain_mean(scores)
            return mixed

        return Fitted(rule, np.full(models, 1.0 / models))
