"""What stackers share: they learn a correction of the models' mean, so that no correction is the mean.

With few photos a stacker that starts from nothing loses to the mean. One that starts from the mean and is
stopped, or held back, by photos that it does not learn from can fall back on it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from thresher.ensemble.base import Ensemble, Fitted, Stack
from thresher.ensemble.inner import inner_folds
from thresher.ensemble.logit_mean import softmax
from thresher.ensemble.mean import plain_mean
from thresher.metrics.scores import FLOOR

LOWEST = 1e-5
"""Smallest probability that a stacker tells from zero."""

Correction = Callable[[np.ndarray], np.ndarray]
"""Logits of models (M, N, K) -> what is added to the mean's logits (N, K)."""


@dataclass(frozen=True)
class Rows:
    """Photos as stackers see them.

    Attributes:
        logits: of each model (M, N, K), float64; each photo's have the mean 0.
        base: logits of the models' mean (N, K).
        targets: class indices (N,).
    """

    logits: np.ndarray
    base: np.ndarray
    targets: np.ndarray

    @classmethod
    def of(cls, scores: np.ndarray, targets: np.ndarray) -> "Rows":
        """From probabilities (M, N, K) and class indices (N,)."""
        logits = np.log(np.clip(scores, LOWEST, None))
        logits -= logits.mean(axis=2, keepdims=True)
        return cls(logits, np.log(np.clip(plain_mean(scores), FLOOR, None)), targets)

    def take(self, rows: np.ndarray) -> "Rows":
        """Some of them."""
        return Rows(self.logits[:, rows], self.base[rows], self.targets[rows])

    def loss(self, added: np.ndarray) -> float:
        """The log-loss with a correction (N, K)."""
        chosen = softmax(self.base + added)[np.arange(len(self.targets)), self.targets]
        return float(-np.log(np.clip(chosen, FLOOR, None)).mean())


class Stacker(Ensemble):
    """One correction per inner fold, learned from the other inner folds and stopped by it; then their mean.

    So every photo is learned from, and none of those that a correction learned from decides when it stops. A
    subclass writes `correct`.

    Attributes:
        inner: inner folds.
    """

    inner = 3

    def learn(self, stack: Stack, seed: int) -> Fitted:
        """See `Ensemble.learn`."""
        rows = Rows.of(stack.scores, stack.targets)
        folds = inner_folds(stack, self.inner)
        numbers = np.unique(folds)
        if len(numbers) < 2:  # a single photo teaches nothing
            return Fitted(plain_mean)
        corrections = [
            self.correct(rows.take(folds != number), rows.take(folds == number), seed, int(number))
            for number in numbers
        ]
        return Fitted(lambda scores: corrected(scores, corrections))

    def correct(self, train: Rows, held: Rows, seed: int, number: int) -> Correction:
        """A correction learned from some photos and stopped where it is best on others.

        Args:
            train: photos to learn from.
            held: photos that say when to stop.
            seed: of whatever is drawn.
            number: of the inner fold, for draws of its own.
        """
        raise NotImplementedError


def corrected(scores: np.ndarray, corrections: Sequence[Correction]) -> np.ndarray:
    """Probabilities (N, K) of models' scores (M, N, K): the mean of the corrected means."""
    rows = Rows.of(scores, np.zeros(scores.shape[1], dtype=np.int64))
    return plain_mean(np.stack([softmax(rows.base + one(rows.logits)) for one in corrections]))


def wide(logits: np.ndarray) -> np.ndarray:
    """Logits (M, N, K) as one row per photo (N, M K)."""
    models, photos, classes = logits.shape
    return logits.transpose(1, 0, 2).reshape(photos, models * classes)
