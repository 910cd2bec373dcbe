"""The macro-F1 of many mixtures of score matrices: answers are counted per class.

Where all models give one answer, every mixture gives it: those photos are counted once, ahead.
"""

import numpy as np

from thresher.metrics.blocks import blocks

TIE = 1e-13
"""Of equal scores the first class wins: each one is held back by so much more than the one before it."""


class Answers:
    """Macro-F1 of mixtures."""

    def __init__(self, scores: np.ndarray, targets: np.ndarray) -> None:
        """Counts what is decided.

        Args:
            scores: probabilities (M, N, K) of M models.
            targets: class indices (N,).
        """
        classes = scores.shape[2]
        answers = scores.argmax(2)  # (M, N)
        agreed = (answers == answers[0]).all(0)
        answer, label = answers[0, agreed], targets[agreed]
        self.classes = classes
        self.support = np.bincount(targets, minlength=classes)
        self.answered = np.bincount(answer, minlength=classes)
        self.right = np.bincount(label[answer == label], minlength=classes)
        self.targets = targets[~agreed]
        self.scores = np.ascontiguousarray(scores[:, ~agreed].transpose(2, 0, 1))  # (K, M, U)
        self.scores -= TIE * np.arange(classes)[:, None, None]

    def __call__(self, weights: np.ndarray) -> np.ndarray:
        """The macro-F1 (B,) of each mixture; weights (B, M) on the simplex."""
        count = len(weights)
        answered = np.tile(self.answered, (count, 1))
        right = np.tile(self.right, (count, 1))
        lines = self.classes * np.arange(count)[:, None]
        for part in blocks(len(self.targets), count):
            best = weights @ self.scores[0, :, part]
            answer = np.zeros(best.shape, dtype=np.int64)
            for index in range(1, self.classes):
                other = weights @ self.scores[index, :, part]
                better = other > best
                np.copyto(best, other, where=better)
                answer[better] = index
            cells = lines + answer
            answered += np.bincount(cells.ravel(), minlength=answered.size).reshape(answered.shape)
            hits = cells[answer == self.targets[part]]
            right += np.bincount(hits, minlength=right.size).reshape(right.shape)
        either = self.support + answered
        shares = np.divide(2.0 * right, either, out=np.zeros(right.shape), where=either > 0)
        gains: np.ndarray = shares.sum(1) / (either > 0).sum(1)
        return gains
