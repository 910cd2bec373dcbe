"""How right the answers are where the model may pass over the photos that it is unsure of.

El-Yaniv and Wiener, On the foundations of noise-free selective classification, JMLR 11 (2010).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thresher.metrics.bootstrap import draw, total
from thresher.metrics.intervals import Interval, bounds, scored, widen
from thresher.metrics.nested import nested_parts
from thresher.predictions import Predictions

GOAL = 0.99
LEAST = 20
"""Answers that a threshold must be judged by."""


@dataclass(frozen=True)
class Curve:
    """Accuracy where only answers of at least a probability are given, at some thresholds.

    Attributes:
        threshold: lowest probability of an answer that is given (T,), falling.
        answered: share of photos that are answered (T,), rising to 1.
        accuracy: share of right answers among them (T,).
        low, high: its 95 % bootstrap interval (T,).
    """

    threshold: np.ndarray
    answered: np.ndarray
    accuracy: np.ndarray
    low: np.ndarray
    high: np.ndarray


def abstain_curve(
    predictions: Predictions,
    resamples: int = 1000,
    seed: int = 0,
    groups: Sequence[Any] | np.ndarray | None = None,
    points: int = 40,
) -> Curve:
    """The curve at thresholds that answer equal steps of the photos, ``points`` of them.

    Args:
        predictions: scores; only ``predictions.known`` counts.
        resamples, seed, groups: of the intervals, as in `thresher.metrics.intervals.intervals`.
        points: how many thresholds; photos of equal probability are never split, so there may be fewer.

    Raises:
        DataError: no row has a label and a score.
    """
    known, units = scored(predictions, groups)
    sure = known.scores.max(1)
    order = np.sort(sure)[::-1]
    places = np.unique(-(-np.arange(1, points + 1) * len(sure) // points)) - 1  # rounded up
    thresholds = np.unique(order[np.maximum(places, min(LEAST, len(sure)) - 1)])[::-1]
    sums, trials = _steps(known, units, thresholds)
    drawn = np.concatenate([_accuracy(part) for part in draw(sums, resamples, seed)])
    low, high = bounds(drawn)
    whole = total(sums)
    accuracy = _accuracy(whole)[0]
    for place in range(len(thresholds)):
        one = Interval(value=float(accuracy[place]), low=float(low[place]), high=float(high[place]))
        widen(one, int(trials[place]))
        low[place], high[place] = one["low"] or 0.0, one["high"] or 0.0
    answered = whole[0, : len(thresholds)].cumsum() / len(sure)
    return Curve(thresholds, answered, accuracy, low, high)


def find_threshold(targets: np.ndarray, scores: np.ndarray, goal: float = GOAL) -> float | None:
    """The lowest probability from which on answers are right in at least ``goal``; None where there is none.

    Args:
        targets: class indices (N,).
        scores: probabilities (N, K).
        goal: share of right answers, 0 .. 1.
    """
    sure = scores.max(1)
    order = np.argsort(-sure, kind="stable")
    right = np.cumsum(scores[order].argmax(1) == targets[order])
    count = np.arange(1, len(order) + 1)
    last = np.append(sure[order][1:] < sure[order][:-1], True)  # photos of equal probability come together
    good = np.flatnonzero(last & (right >= goal * count) & (count >= LEAST))
    return float(sure[order][good[-1]]) if len(good) else None


def reach(
    predictions: Predictions,
    goal: float = GOAL,
    resamples: int = 2000,
    seed: int = 0,
    groups: Sequence[Any] | np.ndarray | None = None,
) -> dict[str, Any]:
    """What a threshold for a goal gives on photos that it was not chosen on.

    The photos of each fold are answered above the threshold that the other folds ask for; a single fold is
    dealt in five parts.

    Returns:
        ``goal``, ``threshold`` (chosen on all photos), ``answered`` and ``accuracy`` with ``value``, ``low``
        and ``high``; None where no threshold reaches the goal.

    Raises:
        DataError: no row has a label and a score.
    """
    known, units = scored(predictions, groups)
    targets, scores = known.targets, known.scores
    parts = nested_parts(known, units, seed)
    given = np.zeros(len(known), dtype=bool)
    for part in np.unique(parts):
        here = parts == part
        limit = find_threshold(targets[~here], scores[~here], goal) if not here.all() else None
        given |= here & (scores.max(1) >= (2.0 if limit is None else limit))
    found: dict[str, Any] = {"goal": goal, "threshold": find_threshold(targets, scores, goal)}
    if found["threshold"] is None or not given.any():
        return {"goal": goal, "threshold": None, "answered": None, "accuracy": None}
    right = given & (scores.argmax(1) == targets)
    sums = _rows(np.stack([np.ones(len(known)), given, right]), units)
    drawn = np.concatenate(list(draw(sums, resamples, seed)))
    whole = total(sums)
    trials = np.diff(sums.indptr)
    for name, part, of in (("answered", 1, 0), ("accuracy", 2, 1)):
        low, high = bounds(_ratio(drawn[:, part], drawn[:, of])[:, None])
        one = Interval(value=float(whole[0, part] / whole[0, of]), low=float(low[0]), high=float(high[0]))
        widen(one, int(trials[of]))
        found[name] = one
    return found


def _steps(known: Predictions, units: np.ndarray, thresholds: np.ndarray) -> tuple[Any, np.ndarray]:
    """Answers that each falling threshold adds to those above it, then right answers likewise (2 T, G), CSR;
    and how many units have an answer at each (T,)."""
    from scipy.sparse import csr_array

    step = np.searchsorted(-thresholds, -known.scores.max(1), side="left")
    right = known.scores.argmax(1) == known.targets
    row = np.concatenate([step, len(thresholds) + step[right]])
    unit = np.concatenate([units, units[right]])
    shape = (2 * len(thresholds), int(units.max()) + 1)
    first = np.full(shape[1], len(thresholds) - 1)
    np.minimum.at(first, units, step)
    reached = np.bincount(first, minlength=len(thresholds)).cumsum()
    return csr_array((np.ones(len(row)), (row, unit)), shape=shape), reached


def _rows(values: np.ndarray, units: np.ndarray) -> Any:
    """Sums of each unit (C, G), CSR, of values by photo (C, N)."""
    from scipy.sparse import csr_array

    row, photo = np.nonzero(values)
    shape = (len(values), int(units.max()) + 1)
    return csr_array((values[row, photo].astype(np.float64), (row, units[photo])), shape=shape)


def _accuracy(steps: np.ndarray) -> np.ndarray:
    """Share of right answers at each threshold (b, T) of the sums of `_steps` (b, 2 T); nan where none is."""
    half = steps.shape[1] // 2
    return _ratio(steps[:, half:].cumsum(1), steps[:, :half].cumsum(1))


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
    return found
