"""Do two runs differ, or is it luck? Measured on the same photos, paired."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thresher.errors import DataError, name_some
from thresher.metrics.bootstrap import draw, metrics_of, total, unit_index, unit_sums
from thresher.metrics.intervals import Interval, bounds
from thresher.predictions import Predictions
from thresher.seeds import generator


@dataclass(frozen=True)
class Comparison:
    """What two sets of scores say about the same photos.

    Attributes:
        differences: metric -> ``{"value", "low", "high"}`` of B minus A, 95 % paired bootstrap.
        a, b: metric -> value, on the shared photos.
        p: chance of a difference in accuracy at least this large if A and B were equally good (two-sided).
        n: photos that both scored.
        only_a, only_b: photos that only A, only B answers right.
        left_out: photos that only one of them scored.
        names: what A and B are called in the sentence.
    """

    differences: dict[str, Interval]
    a: dict[str, float]
    b: dict[str, float]
    p: float
    n: int
    only_a: int
    only_b: int
    left_out: int = 0
    names: tuple[str, str] = ("A", "B")

    @property
    def seen(self) -> bool:
        """Whether the accuracies differ by more than luck: p < .05 and an interval that leaves out zero."""
        low, high = self.differences["accuracy"]["low"] or 0.0, self.differences["accuracy"]["high"] or 0.0
        return self.p < 0.05 and (low > 0 or high < 0)

    @property
    def sentence(self) -> str:
        """The answer about accuracy in plain words."""
        value, low, high = (
            100 * (self.differences["accuracy"][key] or 0.0) for key in ("value", "low", "high")
        )
        chance = "p < 0.001" if self.p < 0.001 else f"p = {self.p:.2g}"
        if not self.seen:
            return (
                f"no difference can be seen with {self.n:,} photos: {self.names[1]} minus {self.names[0]} "
                f"is {value:+.1f} points ({low:+.1f} to {high:+.1f}), {chance}"
            )
        better = self.names[1] if value > 0 else self.names[0]
        size = sorted((abs(low), abs(high)))
        return f"{better} is better by {abs(value):.1f} points ({size[0]:.1f} to {size[1]:.1f}), {chance}"


def compare(
    a: Predictions,
    b: Predictions,
    resamples: int = 10_000,
    seed: int = 0,
    groups: Sequence[Any] | np.ndarray | None = None,
    names: tuple[str, str] = ("A", "B"),
) -> Comparison:
    """Compares two sets of scores on the photos that both scored.

    The p value is that of McNemar's exact test (1947). With groups, the signs of whole groups are flipped
    instead, of which McNemar's test is the case of one photo a group.

    Args:
        a, b: scores of the same classes (in any order) with the same labels.
        resamples: bootstrap draws, and sign flips.
        seed: of both.
        groups: what each row of ``a`` belongs to (N,); None for a row that belongs to nothing.
        names: what the sentence calls them.

    Raises:
        DataError: other classes or labels, an id twice, or no photo that both scored.
    """
    if set(a.classes) != set(b.classes):
        raise DataError(
            f"the classes differ: {name_some(sorted(set(a.classes) ^ set(b.classes)))} stand in one only"
        )
    if groups is not None and len(groups) != len(a):
        raise DataError(f"{len(groups)} groups for {len(a)} rows of scores")
    first, second = a.known, b.known
    shared = first.take(np.flatnonzero(np.isin(first.ids.astype(str), second.ids.astype(str)))).ids
    if not len(shared):
        raise DataError("no photo was scored by both: there is nothing to compare")
    left_out = len(first) + len(second) - 2 * len(shared)
    first, second = first.align(shared), second.align(shared)
    targets = first.targets
    order = [b.classes.index(name) for name in a.classes]
    other = np.array([a.classes.index(name) for name in b.classes])[second.targets]
    if (targets != other).any():
        raise DataError(
            f"the labels differ for {name_some(list(shared[targets != other]))}: "
            "only runs on the same labels can be compared"
        )

    lookup = {} if groups is None else dict(zip(a.ids, groups, strict=True))
    units = unit_index(
        None if groups is None else np.array([lookup[i] for i in shared], dtype=object), len(shared)
    )
    pair = [unit_sums(targets, scores, units) for scores in (first.scores, second.scores[:, order])]
    values = [{name: float(v[0]) for name, v in metrics_of(total(sums)).items()} for sums in pair]
    # Equal seeds draw equal photos, so that the two streams are paired draw by draw.
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in values[0]}
    for one, two in zip(*(draw(sums, resamples, seed) for sums in pair), strict=True):
        before, after = metrics_of(one), metrics_of(two)
        for name, found in drawn.items():
            found.append(after[name] - before[name])
    differences = {}
    for name, found in drawn.items():
        low, high = bounds(np.concatenate(found)[:, None])
        differences[name] = Interval(
            value=values[1][name] - values[0][name], low=float(low[0]), high=float(high[0])
        )

    right_a = first.scores.argmax(1) == targets
    right_b = second.scores[:, order].argmax(1) == targets
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    gains = np.bincount(units, weights=right_b.astype(np.float64) - right_a)
    p = _mcnemar(only_a, only_b) if groups is None else _sign_flips(gains, resamples, seed)
    return Comparison(differences, values[0], values[1], p, len(shared), only_a, only_b, left_out, names)


def _mcnemar(only_a: int, only_b: int) -> float:
    """The exact two-sided p value: a fair coin for each photo on which one is right and the other wrong."""
    from scipy.stats import binomtest

    return float(binomtest(only_b, only_a + only_b).pvalue) if only_a + only_b else 1.0


def _sign_flips(gains: np.ndarray, resamples: int, seed: int) -> float:
    """The two-sided p value of the sum of the groups' gains (G,) when the sign of each is a fair coin."""
    gains = gains[gains != 0]
    rng = generator(seed, "sign flips")
    extreme, done = 0, 0
    while done < resamples and len(gains):
        size = min(max(1, 1_000_000 // len(gains)), resamples - done)
        flipped = (2.0 * rng.integers(0, 2, (size, len(gains))) - 1) @ gains
        extreme += int((np.abs(flipped) >= abs(gains.sum()) - 1e-9).sum())
        done += size
    return (extreme + 1) / (resamples + 1) if len(gains) else 1.0
