"""Temperature: one number that makes probabilities less sure of themselves, or surer; answers stay.

``p_k -> p_k^(1/T) / sum_j p_j^(1/T)``, T chosen by log-loss. Guo et al., On calibration of modern neural
networks, https://arxiv.org/abs/1706.04599
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from thresher.metrics.intervals import scored
from thresher.metrics.nested import nested_parts
from thresher.metrics.scores import FLOOR
from thresher.predictions import Predictions

LEAST, MOST = 0.05, 20.0
"""Temperatures that can be chosen."""
STEPS, TOLERANCE = 100, 1e-9
"""Most steps of the search, and the share of the temperature at which it ends."""
BLOCK = 32_768
"""Scores worked on at a time, so that they stay in the processor's cache."""


def scale(scores: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities (N, K) at a temperature; 1 leaves them as they are."""
    if temperature == 1:
        return scores
    found: np.ndarray = _softmax(np.log(np.clip(scores, FLOOR, 1.0)) / temperature)
    return found


def fit_temperature(targets: np.ndarray, scores: np.ndarray, start: float = 1.0) -> float:
    """The temperature, ``LEAST`` .. ``MOST``, with the smallest log-loss.

    The log-loss is convex in 1/T, so that its slope has one zero at most. Newton's steps find it, and halving
    where a step would leave what is known to hold it.

    Args:
        targets: class indices (N,), all known.
        scores: probabilities (N, K).
        start: where the search begins; the nearer, the sooner it ends.
    """
    logs = np.log(np.clip(scores, FLOOR, 1.0))
    given = float(logs[np.arange(len(targets)), targets].mean())
    low, high = 1 / MOST, 1 / LEAST
    here = float(np.clip(1 / start, low, high))
    for _ in range(STEPS):
        slope, bend = _slope(logs, given, here)
        if slope > 0:
            high = here
        else:
            low = here
        step = here - slope / bend if bend > 0 else 0.0
        there = step if low < step < high else float(np.sqrt(low * high))
        if abs(there - here) <= TOLERANCE * here:
            return 1 / there
        here = there
    return 1 / here


def _slope(logs: np.ndarray, given: float, inverse: float) -> tuple[float, float]:
    """First and second derivative of the log-loss at 1/T: the mean log-probability that the scaled scores
    expect, less the mean that the given labels have; and its mean variance."""
    first = second = 0.0
    rows = max(1, BLOCK // logs.shape[1])
    for start in range(0, len(logs), rows):
        part = logs[start : start + rows]
        weights = _softmax(part * inverse)
        expected = (weights * part).sum(1)
        first += float(expected.sum())
        second += float((weights * part * part).sum() - (expected**2).sum())
    return first / len(logs) - given, second / len(logs)


def calibrate_nested(
    predictions: Predictions, groups: Sequence[Any] | np.ndarray | None = None, seed: int = 0
) -> Predictions:
    """Scales the scores of each fold by the temperature of the other folds: none is fitted on what it scales.

    A single fold is dealt in five parts that take the place of folds; groups stay whole.

    Args:
        predictions: out-of-fold scores.
        groups: what each row belongs to (N,).
        seed: of the parts.

    Returns:
        the rows that have a label and a score.

    Raises:
        DataError: there are none.
    """
    known, units = scored(predictions, groups)
    parts = nested_parts(known, units, seed)
    targets, scores = known.targets, known.scores
    found = scores.copy()
    all_parts = fit_temperature(targets, scores)
    for part in np.unique(parts):
        here = parts == part
        if not here.all():
            found[here] = scale(scores[here], fit_temperature(targets[~here], scores[~here], all_parts))
    return replace(known, scores=found)


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    found: np.ndarray = powers / powers.sum(1, keepdims=True)
    return found
