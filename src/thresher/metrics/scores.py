"""The four scores of a run, from class indices and probabilities, in plain NumPy.

Every function takes ``targets`` (N,), class indices 0 .. K-1, and ``scores`` (N, K), probabilities whose
rows sum to 1; a photo's answer is the first class with its highest score. No photos: nan. (scikit-learn has
the same scores, and takes three seconds to import.)
"""

from collections.abc import Callable

import numpy as np

FLOOR = 1e-15
"""Smallest probability that the log-loss counts with."""


def accuracy(targets: np.ndarray, scores: np.ndarray) -> float:
    """Share of right answers, 0 .. 1."""
    return float((scores.argmax(1) == targets).mean()) if len(targets) else float("nan")


def balanced_accuracy(targets: np.ndarray, scores: np.ndarray) -> float:
    """Mean recall of the classes that are present in ``targets``, 0 .. 1."""
    right, support, _ = class_counts(targets, scores.argmax(1), scores.shape[1])
    present = support > 0
    return float((right[present] / support[present]).mean()) if present.any() else float("nan")


def macro_f1(targets: np.ndarray, scores: np.ndarray) -> float:
    """Mean F1 of the classes that are present in ``targets`` or in the answers, 0 .. 1."""
    right, support, answered = class_counts(targets, scores.argmax(1), scores.shape[1])
    present = support + answered > 0
    return (
        float((2 * right[present] / (support + answered)[present]).mean()) if present.any() else float("nan")
    )


def log_loss(targets: np.ndarray, scores: np.ndarray) -> float:
    """Mean of -ln(probability of the given label), 0 .. 34.5; lower is better."""
    return float(photo_losses(targets, scores).mean()) if len(targets) else float("nan")


METRICS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "macro_f1": macro_f1,
    "log_loss": log_loss,
}
"""Name in metrics.json -> function of (targets (N,), scores (N, K))."""

LOWER_IS_BETTER = frozenset({"log_loss"})


def photo_losses(targets: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """-ln(probability of the given label) of each photo (N,), with probabilities clipped to ``FLOOR``."""
    chosen: np.ndarray = np.asarray(scores, np.float64)[np.arange(len(targets)), targets]
    losses: np.ndarray = -np.log(np.clip(chosen, FLOOR, 1.0))
    return losses


def class_counts(
    targets: np.ndarray, answers: np.ndarray, classes: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What accuracy, recall, precision and F1 need of a confusion matrix, without its K x K cells.

    Returns:
        right answers, photos with the label, photos with the answer; each (K,), int64.
    """
    right = np.bincount(targets[targets == answers], minlength=classes)
    return right, np.bincount(targets, minlength=classes), np.bincount(answers, minlength=classes)
