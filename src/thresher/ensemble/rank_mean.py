"""The mean of ranks: how high a photo's score for a class stands among those of all photos."""

import numpy as np

from thresher.ensemble.base import Ensemble, Fitted, Stack


class RankMean(Ensemble):
    """Averages ranks with equal weight, so that it does not matter how sure a model is in general.

    Of each model and class a score becomes its rank among the scores of the out-of-fold photos, 0 .. 1, equal
    ones in the middle of their ranks. Photos to come are ranked among the same photos, so that the answer for
    one does not depend on which others are asked with it. Labels are not looked at. It is made for AUC:
    how common a class is gets lost, which costs accuracy where classes are unbalanced.
    """

    learns = False

    def learn(self, stack: Stack, seed: int) -> Fitted:
        """See `Ensemble.learn`."""
        sorted_scores = np.sort(stack.scores, axis=1)  # (M, N, K)

        def rule(scores: np.ndarray) -> np.ndarray:
            total = np.zeros(scores.shape[1:])
            for known, one in zip(sorted_scores, scores, strict=True):
                for index in range(one.shape[1]):
                    column = one[:, index]
                    below = np.searchsorted(known[:, index], column, "left")
                    total[:, index] += below + np.searchsorted(known[:, index], column, "right")
            total += 1e-9  # a photo that is last in everything
            ranks: np.ndarray = total / total.sum(axis=1, keepdims=True)
            return ranks

        return Fitted(rule, np.full(len(stack.names), 1.0 / len(stack.names)))
