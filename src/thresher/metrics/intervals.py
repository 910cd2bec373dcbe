"""95 % percentile bootstrap intervals over photos, or over groups of photos that belong together.

Efron, Bootstrap methods: another look at the jackknife (1979). Groups are redrawn whole (cluster bootstrap,
Field and Welsh 2007), because twenty photos of one person are not twenty independent answers. Where every
draw of a share is the same (all answers right, or all wrong), the percentile interval would have no width:
there the exact binomial bound of Clopper and Pearson (1934) stands in for it; its trials are the photos, or
the groups.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from thresher.errors import DataError
from thresher.metrics.bootstrap import (
    class_metrics_of,
    draw,
    metrics_of,
    total,
    unit_index,
    unit_sums,
)
from thresher.predictions import Predictions

TAILS = (0.025, 0.975)
DEVIATIONS = 1.959964
"""Standard deviations to either side that hold 95 % of a normal distribution."""
Interval = dict[str, float | None]
"""``value``, ``low`` and ``high``; None where undefined (the precision of a class that is never answered)."""


def intervals(
    predictions: Predictions,
    resamples: int = 2000,
    seed: int = 0,
    groups: Sequence[Any] | np.ndarray | None = None,
) -> dict[str, Interval]:
    """The metrics of the scored rows with their intervals.

    Args:
        predictions: scores; only ``predictions.known`` counts.
        resamples: bootstrap draws.
        seed: of the draws.
        groups: what each row of ``predictions`` belongs to (N,); None for a row that belongs to nothing.

    Returns:
        ``{"accuracy": {"value", "low", "high"}, "balanced_accuracy": ..., "macro_f1": ..., "log_loss": ...}``

    Raises:
        DataError: no row has a label and a score.
    """
    known, units = scored(predictions, groups)
    sums = unit_sums(known.targets, known.scores, units)
    values = {name: float(value[0]) for name, value in metrics_of(total(sums)).items()}
    parts = [metrics_of(part) for part in draw(sums, resamples, seed)]
    found = {}
    for name, value in values.items():
        low, high = bounds(np.concatenate([part[name] for part in parts])[:, None])
        found[name] = Interval(value=value, low=float(low[0]), high=float(high[0]))
    widen(found["accuracy"], sums.shape[1])
    return found


def per_class(
    predictions: Predictions,
    resamples: int = 2000,
    seed: int = 0,
    groups: Sequence[Any] | np.ndarray | None = None,
) -> dict[str, dict[str, Any]]:
    """Recall, precision and F1 of every class with intervals; arguments and errors as `intervals`.

    Draws in which a class's recall (precision) is undefined are left out of that interval.

    Returns:
        ``{class: {"count": photos with the label, "recall": {"value", "low", "high"}, "precision": ...,
        "f1": ...}}``
    """
    known, units = scored(predictions, groups)
    classes = len(known.classes)
    sums = unit_sums(known.targets, known.scores, units)
    values = class_metrics_of(total(sums))
    parts = [class_metrics_of(part) for part in draw(sums, resamples, seed)]
    holding = np.diff(sums.indptr)  # units in which the class has a right answer, a label, an answer
    trials = {"recall": holding[classes : 2 * classes], "precision": holding[2 * classes : 3 * classes]}
    found: dict[str, dict[str, Any]] = {
        name: {"count": int(count)}
        for name, count in zip(known.classes, np.bincount(known.targets, minlength=classes), strict=True)
    }
    for metric, value in values.items():
        low, high = bounds(np.concatenate([part.pop(metric) for part in parts]))
        for index, name in enumerate(known.classes):
            one = Interval(value=None, low=None, high=None)
            if np.isfinite(value[0, index]):
                one = Interval(value=float(value[0, index]), low=float(low[index]), high=float(high[index]))
                if metric in trials:
                    widen(one, int(trials[metric][index]))
            found[name][metric] = one
    return found


def scored(
    predictions: Predictions, groups: Sequence[Any] | np.ndarray | None = None
) -> tuple[Predictions, np.ndarray]:
    """``predictions.known`` and the unit of each of its rows (n,).

    Raises:
        DataError: there are none, or the groups are as many as something else.
    """
    if groups is not None and len(groups) != len(predictions):
        raise DataError(f"{len(groups)} groups for {len(predictions)} rows of scores")
    rows = replace(predictions, ids=np.arange(len(predictions))).known.ids.astype(np.int64)
    if not len(rows):
        raise DataError("no photo has both a label and a score: there is nothing to measure")
    kept = None if groups is None else np.asarray(groups, dtype=object)[rows]
    return predictions.take(rows), unit_index(kept, len(rows))


def loosened(found: Interval, variance: float, limits: tuple[float, float] = (-np.inf, np.inf)) -> Interval:
    """An interval that knows of more variance than that of its draws.

    Args:
        found: 95 % interval.
        variance: what is added to that of the draws, >= 0.
        limits: of the metric.
    """
    value, low, high = found["value"], found["low"], found["high"]
    if value is None or low is None or high is None or not variance > 0:
        return found
    more = DEVIATIONS * np.sqrt(variance)
    below, above = value - np.hypot(value - low, more), value + np.hypot(high - value, more)
    return Interval(value=value, low=float(max(below, limits[0])), high=float(min(above, limits[1])))


def chance_of(found: Interval) -> float:
    """The two-sided p of a difference that scatters normally with the width of its 95 % interval."""
    value, low, high = found["value"], found["low"], found["high"]
    if value is None or low is None or high is None or high <= low:
        return 1.0
    return math.erfc(abs(value) * 2 * DEVIATIONS / (high - low) / math.sqrt(2))


def bounds(draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 2.5 % and 97.5 % quantiles of each column of draws (B, M), nan left out; nan where all are nan."""
    draws = np.sort(draws, axis=0)  # nan goes last
    last = np.isfinite(draws).sum(0) - 1
    found = []
    for tail in TAILS:
        place = tail * np.maximum(last, 0)
        below = place.astype(np.int64)
        above = np.minimum(below + 1, np.maximum(last, 0))
        columns = np.arange(draws.shape[1])
        step = draws[above, columns] - draws[below, columns]
        found.append(draws[below, columns] + step * (place - below))
    return found[0], found[1]


def widen(interval: Interval, trials: int) -> None:
    """Gives a share that no draw changed its exact binomial bound."""
    if interval["low"] == interval["high"] and trials:
        if interval["value"] == 1.0:
            interval["low"] = TAILS[0] ** (1 / trials)
        elif interval["value"] == 0.0:
            interval["high"] = 1 - TAILS[0] ** (1 / trials)
