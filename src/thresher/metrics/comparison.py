"""Do runs differ, or is it luck? Measured on the same photos, paired."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from thresher.errors import DataError
from thresher.metrics.bootstrap import class_metrics_of, draw, metrics_of, paired_sums, total
from thresher.metrics.intervals import Interval, bounds
from thresher.metrics.paired import Pair, pair
from thresher.metrics.power import needed_photos, rounded
from thresher.metrics.scores import METRICS
from thresher.metrics.significance import bootstrap_p, holm, mcnemar, sign_flips
from thresher.predictions import Predictions

CLASS_METRICS = ("recall", "precision", "f1")
ALPHA = 0.05
HELD = 30_000_000
"""Differences (draws x metrics) held at a time; of thousands of classes fewer draws are taken."""
MANY = 10_000_000
"""Of more photos than that nobody needs the number."""


@dataclass(frozen=True)
class Comparison:
    """What two sets of scores say about the same photos.

    Attributes:
        differences: metric -> ``{"value", "low", "high"}`` of B minus A, 95 % paired bootstrap.
        a, b: metric -> value, on the shared photos.
        p_values: metric -> chance of a difference at least this large if A and B were equally good
            (two-sided).
        n: photos that both scored.
        only_a, only_b: photos that only A, only B answers right.
        left_out: photos that not all of them scored.
        names: what A and B are called in the sentence.
        groups: groups that the photos are in; None where each stands alone.
        per_class: class -> ``{"count": photos with the label, "recall": {"a", "b", "value", "low", "high",
            "p", "adjusted"}, "precision": ..., "f1": ...}``; None where undefined.
        lost, gained: ids of the photos that only A, only B answers right.
        spread: how many times as much the difference scatters as if each photo stood alone.
        adjusted: the p values corrected for several comparisons (Holm); without others the same.
        comparisons: how many they were.
    """

    differences: dict[str, Interval]
    a: dict[str, float]
    b: dict[str, float]
    p_values: dict[str, float]
    n: int
    only_a: int
    only_b: int
    left_out: int = 0
    names: tuple[str, str] = ("A", "B")
    groups: int | None = None
    per_class: dict[str, dict[str, Any]] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    gained: tuple[str, ...] = ()
    spread: float = 1.0
    adjusted: dict[str, float] = field(default_factory=dict)
    comparisons: int = 1

    @property
    def p(self) -> float:
        """The p value of the difference in accuracy, alone."""
        return self.p_values["accuracy"]

    @property
    def seen(self) -> bool:
        """Whether the accuracies differ by more than luck."""
        return self.seen_in("accuracy")

    def seen_in(self, metric: str) -> bool:
        """Whether a metric differs by more than luck: corrected p < .05, and an interval without zero."""
        low, high = self.differences[metric]["low"] or 0.0, self.differences[metric]["high"] or 0.0
        return self.adjusted.get(metric, self.p_values[metric]) < ALPHA and (low > 0 or high < 0)

    @property
    def needed(self) -> int | None:
        """About how many photos would show the difference in accuracy in 80 of 100 cases, if it is as large
        as it was measured; None where it is seen, or there is none."""
        discordant, difference = (self.only_a + self.only_b) / self.n, (self.only_b - self.only_a) / self.n
        found = None if self.seen else needed_photos(discordant, difference, ALPHA / self.comparisons)
        return None if found is None else rounded(found * self.spread)

    @property
    def sentence(self) -> str:
        """The answer about accuracy in plain words."""
        value, low, high = (
            100 * (self.differences["accuracy"][key] or 0.0) for key in ("value", "low", "high")
        )
        p = self.adjusted.get("accuracy", self.p)
        chance = "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
        if self.comparisons > 1:
            chance += f" (corrected for {self.comparisons} comparisons)"
        if not self.seen:
            return (
                f"no difference can be seen with {self.n:,} photos{self._grouped()}{self._more()}: "
                f"{self.names[1]} minus {self.names[0]} is {value:+.1f} points ({low:+.1f} to {high:+.1f}), "
                f"{chance}"
            )
        better = self.names[1] if value > 0 else self.names[0]
        size = sorted((abs(low), abs(high)))
        return f"{better} is better by {abs(value):.1f} points ({size[0]:.1f} to {size[1]:.1f}), {chance}"

    def _grouped(self) -> str:
        return "" if self.groups is None else f" in {self.groups:,} groups"

    def _more(self) -> str:
        needed = self.needed
        if needed is None or needed <= self.n:
            return ""
        return f"; {'more than' if needed > MANY else 'about'} {min(needed, MANY):,} would be needed"


def compare(
    a: Predictions,
    b: Predictions,
    resamples: int = 10_000,
    seed: int = 0,
    groups: Sequence[Any] | np.ndarray | None = None,
    names: tuple[str, str] = ("A", "B"),
) -> Comparison:
    """Compares two sets of scores on the photos that both scored.

    The p value of accuracy is that of McNemar's exact test (1947). With groups, the signs of whole groups are
    flipped instead, of which McNemar's test is the case of one photo a group. The p values of all other
    metrics come from the paired bootstrap. Those of classes are corrected for there being several.

    Args:
        a, b: scores of the same classes (in any order) with the same labels.
        resamples: bootstrap draws, and sign flips.
        seed: of both.
        groups: what each row of ``a`` belongs to (N,); None for a row that belongs to nothing.
        names: what the sentence calls them.

    Raises:
        DataError: other classes or labels, an id twice, or no photo that both scored.
    """
    return _adjust([_compare(pair(a, b, groups), resamples, seed, names)])[0]


def compare_all(
    scores: Sequence[Predictions],
    names: Sequence[str],
    resamples: int = 10_000,
    seed: int = 0,
    groups: Sequence[Any] | np.ndarray | None = None,
) -> list[Comparison]:
    """Compares every set of scores with the first one, on the photos that all of them scored.

    Args:
        scores: two or more.
        names: what the sentences call them.
        resamples, seed: as in `compare`.
        groups: what each row of the first belongs to.

    Returns:
        one comparison for each but the first, with p values corrected for there being several.

    Raises:
        DataError: as `compare`, or fewer than two.
    """
    if len(scores) < 2:
        raise DataError("a comparison needs two sets of scores or more")
    first, all_known = scores[0], [one.known for one in scores]
    if groups is not None and len(groups) != len(first):
        raise DataError(f"{len(groups)} groups for {len(first)} rows of scores")
    shared = set.intersection(*({str(i) for i in one.ids} for one in all_known))
    rows = np.flatnonzero([str(i) in shared for i in first.ids])
    kept = None if groups is None else np.asarray(groups, dtype=object)[rows]
    left_out = len(set.union(*({str(i) for i in one.ids} for one in all_known))) - len(shared)
    base = first.take(rows)
    found = [
        _compare(pair(base, other, kept), resamples, seed, (names[0], name))
        for name, other in zip(names[1:], scores[1:], strict=True)
    ]
    return _adjust([replace(one, left_out=left_out) for one in found])


def _compare(side: Pair, resamples: int, seed: int, names: tuple[str, str]) -> Comparison:
    cells, parts = paired_sums(side.targets, side.a, side.b, side.units)
    a, b = (measured[0] for measured in _measures(total(cells), parts))
    resamples = min(resamples, max(1000, HELD // len(a)))
    pairs = (_measures(drawn, parts) for drawn in draw(cells, resamples, seed))
    drawn = np.concatenate([after - before for before, after in pairs])
    low, high = bounds(drawn)
    p = bootstrap_p(drawn)

    right_a, right_b = side.right
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    gains = np.bincount(side.units, weights=right_b.astype(np.float64) - right_a)
    p[0] = sign_flips(gains, resamples, seed) if side.grouped else mcnemar(only_a, only_b)
    places = range(len(METRICS))
    return Comparison(
        differences={
            name: Interval(value=float(b[i] - a[i]), low=float(low[i]), high=float(high[i]))
            for i, name in zip(places, METRICS, strict=True)
        },
        a={name: float(a[i]) for i, name in zip(places, METRICS, strict=True)},
        b={name: float(b[i]) for i, name in zip(places, METRICS, strict=True)},
        p_values={name: float(p[i]) for i, name in zip(places, METRICS, strict=True)},
        n=len(side.ids),
        only_a=only_a,
        only_b=only_b,
        left_out=side.left_out,
        names=names,
        groups=len(gains) if side.grouped else None,
        per_class=_per_class(side, np.stack([a, b, b - a, low, high, p])[:, len(METRICS) :]),
        lost=tuple(str(i) for i in side.ids[right_a & ~right_b]),
        gained=tuple(str(i) for i in side.ids[right_b & ~right_a]),
        spread=float((gains**2).sum() / (only_a + only_b)) if only_a + only_b else 1.0,
    )


def _measures(cells: np.ndarray, parts: Any) -> tuple[np.ndarray, np.ndarray]:
    """Every metric, then recall, precision and F1 of every class, of A and of B (b, 4 + 3 K).

    Args:
        cells, parts: of `paired_sums`, drawn (b, M + 2), and (2 (3 K + 1), M + 2).
    """
    found = []
    for sums in np.split((parts @ cells.T).T, 2, axis=1):
        classes = class_metrics_of(sums)
        whole = np.stack(list(metrics_of(sums).values()), axis=1)
        found.append(np.concatenate([whole, *(classes[name] for name in CLASS_METRICS)], axis=1))
    return found[0], found[1]


def _per_class(side: Pair, found: np.ndarray) -> dict[str, dict[str, Any]]:
    """The numbers of each class from those of all (6, 3 K): A, B, difference, low, high, p."""
    classes = len(side.classes)
    count = np.bincount(side.targets, minlength=classes)
    table = found.reshape(6, len(CLASS_METRICS), classes)
    result: dict[str, dict[str, Any]] = {}
    for index, name in enumerate(side.classes):
        result[name] = {"count": int(count[index])}
        for place, metric in enumerate(CLASS_METRICS):
            cell = table[:, place, index]
            known = np.isfinite(cell[:5])
            numbers = [float(x) if ok else None for x, ok in zip(cell, [*known, known[2]], strict=True)]
            result[name][metric] = dict(zip(("a", "b", "value", "low", "high", "p"), numbers, strict=True))
    return result


def _adjust(found: list[Comparison]) -> list[Comparison]:
    """Corrects the p values of a family of comparisons, and those of all their classes."""
    for metric in CLASS_METRICS:
        cells = [one[metric] for comparison in found for one in comparison.per_class.values()]
        known = [cell for cell in cells if cell["p"] is not None]
        for cell in cells:
            cell["adjusted"] = None
        for cell, p in zip(known, holm([cell["p"] for cell in known]), strict=True):
            cell["adjusted"] = float(p)
    corrected = {name: holm([one.p_values[name] for one in found]) for name in METRICS}
    return [
        replace(one, adjusted={name: float(p[i]) for name, p in corrected.items()}, comparisons=len(found))
        for i, one in enumerate(found)
    ]
