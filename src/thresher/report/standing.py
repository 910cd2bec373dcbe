"""Where several sets of scores stand: each with intervals, and against the first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from thresher.metrics.comparison import Comparison, compare_all
from thresher.metrics.intervals import Interval, intervals
from thresher.predictions import Predictions
from thresher.report.sides import Side


@dataclass(frozen=True)
class Standing:
    """What tables and pictures of a comparison are made from.

    Attributes:
        names: of all compared, the first one first.
        scores: of the photos that all of them scored, in one order.
        metrics: of each: metric -> interval.
        comparisons: of each but the first, with the first.
        groups: what each photo belongs to (N,); None where nothing does.
    """

    names: tuple[str, ...]
    scores: tuple[Predictions, ...]
    metrics: tuple[dict[str, Interval], ...]
    comparisons: tuple[Comparison, ...]
    groups: np.ndarray | None

    @property
    def best(self) -> int:
        """Which has the highest accuracy; of equal ones the first."""
        return int(np.argmax([one["accuracy"]["value"] or 0.0 for one in self.metrics]))


def stand(sides: Sequence[Side], resamples: int = 10_000, seed: int = 0) -> Standing:
    """Compares every side with the first.

    Args:
        sides: two or more.
        resamples, seed: as in `thresher.metrics.comparison.compare`.

    Raises:
        DataError: other classes or labels, or no photo that all scored.
    """
    names = tuple(side.name for side in sides)
    first = sides[0].scores
    groups = _groups(sides, first)
    found = compare_all([side.scores for side in sides], names, resamples, seed, groups)
    known = [side.scores.known for side in sides]
    shared = set.intersection(*({str(one) for one in scores.ids} for scores in known))
    rows = [row for row, one in enumerate(known[0].ids) if str(one) in shared]
    ids = known[0].ids[rows]
    own = _groups(sides, known[0].take(rows))
    aligned = tuple(_in_order(scores.align(ids), first.classes) for scores in known)
    metrics = tuple(intervals(scores, min(resamples, 2000), seed, own) for scores in aligned)
    return Standing(names, aligned, metrics, tuple(found), own)


def _groups(sides: Sequence[Side], scores: Predictions) -> np.ndarray | None:
    """The group of each row as the first side that has groups tells it."""
    lookup: Any = next((side.groups for side in sides if side.groups), None)
    if lookup is None:
        return None
    return np.array([lookup.get(str(one)) for one in scores.ids], dtype=object)


def _in_order(scores: Predictions, classes: tuple[str, ...]) -> Predictions:
    """The scores with their classes in another order."""
    order = [scores.classes.index(name) for name in classes]
    return replace(scores, scores=scores.scores[:, order], classes=classes)
