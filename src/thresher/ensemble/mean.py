"""The mean of probabilities: nothing is fitted, so nothing can be fitted to what it is scored on."""

import numpy as np

from thresher.ensemble.base import Ensemble, Fitted, Stack


class Mean(Ensemble):
    """Averages the scores of all models with equal weight."""

    learns = False
    linear = True

    def learn(self, stack: Stack, seed: int) -> Fitted:
        """See `Ensemble.learn`."""
        return Fitted(plain_mean, np.full(len(stack.names), 1.0 / len(stack.names)))


def plain_mean(scores: np.ndarray) -> np.ndarray:
    """The mean (N, K) of scores (M, N, K), summed model by model as `thresher.predictions.mean` does it."""
    total = np.zeros(scores.shape[1:])
    for one in scores:
        total += one
    return total / len(scores)
