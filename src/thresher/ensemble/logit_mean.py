"""The mean of logits, which is the geometric mean of probabilities."""

from typing import Annotated

import numpy as np
from pydantic import Field

from thresher.ensemble.base import Ensemble, Fitted, Stack


class LogitMean(Ensemble):
    """Averages the logarithms of probabilities with equal weight: one model that is sure of no counts more.

    Args:
        floor: smallest probability that is believed, so that no single model can rule a class out.
    """

    learns = False

    def __init__(self, *, floor: Annotated[float, Field(gt=0, lt=0.1)] = 1e-6) -> None:
        self.floor = floor

    def learn(self, stack: Stack, seed: int) -> Fitted:
        """See `Ensemble.learn`."""
        models = len(stack.names)

        def rule(scores: np.ndarray) -> np.ndarray:
            total = np.zeros(scores.shape[1:])
            for one in scores:
                total += np.log(np.clip(one, self.floor, None))
            return softmax(total / models)

        return Fitted(rule, np.full(models, 1.0 / models))


def softmax(logits: np.ndarray) -> np.ndarray:
    """Logits (N, K) -> probabilities (N, K); safe for large logits."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return shares
