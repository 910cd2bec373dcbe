"""How far the probabilities of a run can be believed, for metrics.json."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from thresher.metrics.abstain import GOAL, reach
from thresher.metrics.calibration import reliability
from thresher.metrics.intervals import intervals
from thresher.metrics.temperature import calibrate_nested, fit_temperature
from thresher.predictions import Predictions


def confidence(
    predictions: Predictions,
    resamples: int = 2000,
    seed: int = 0,
    groups: Sequence[Any] | np.ndarray | None = None,
) -> dict[str, Any]:
    """Calibration before and after a temperature, and what passing over unsure photos gives.

    Args:
        predictions: out-of-fold scores; only ``predictions.known`` counts.
        resamples, seed, groups: as in `thresher.metrics.intervals.intervals`.

    Returns:
        ``{"temperature": fitted on all rows, "ece": {"before", "after"}, "log_loss": {"before", "after"}
        with intervals, "abstain": see thresher.metrics.abstain.reach}``; everything after is nested.

    Raises:
        DataError: no row has a label and a score.
    """
    after = calibrate_nested(predictions, groups, seed)
    before = predictions.known
    kept = None if groups is None else dict(zip(predictions.ids, groups, strict=True))
    own = None if kept is None else np.array([kept[image_id] for image_id in after.ids], dtype=object)
    return {
        "temperature": fit_temperature(before.targets, before.scores),
        "ece": {
            name: reliability(one.targets, one.scores).ece
            for name, one in (("before", before), ("after", after))
        },
        "log_loss": {
            name: intervals(one, resamples, seed, own)["log_loss"]
            for name, one in (("before", before), ("after", after))
        },
        "abstain": reach(after, GOAL, resamples, seed, own),
    }
