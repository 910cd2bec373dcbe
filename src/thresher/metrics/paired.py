"""Two sets of scores of the same photos, row by row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thresher.errors import DataError, name_some
from thresher.metrics.bootstrap import unit_index
from thresher.predictions import Predictions


@dataclass(frozen=True)
class Pair:
    """What A and B say of the photos that both scored.

    Attributes:
        ids: image ids (N,), in A's order.
        classes: K class names, in A's order.
        targets: class indices (N,).
        a, b: probabilities (N, K).
        units: index of the unit of each photo (N,): its group, or itself.
        grouped: whether the units are groups.
        left_out: photos that only one of them scored.
    """

    ids: np.ndarray
    classes: tuple[str, ...]
    targets: np.ndarray
    a: np.ndarray
    b: np.ndarray
    units: np.ndarray
    grouped: bool
    left_out: int

    @property
    def right(self) -> tuple[np.ndarray, np.ndarray]:
        """Whether A, and whether B, answers each photo right (N,)."""
        return self.a.argmax(1) == self.targets, self.b.argmax(1) == self.targets


def pair(a: Predictions, b: Predictions, groups: Sequence[Any] | np.ndarray | None = None) -> Pair:
    """Puts two sets of scores side by side.

    Args:
        a, b: scores of the same classes (in any order) with the same labels.
        groups: what each row of ``a`` belongs to (N,); None for a row that belongs to nothing.

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
    order = [b.classes.index(name) for name in a.classes]
    other = np.array([a.classes.index(name) for name in b.classes])[second.targets]
    if (first.targets != other).any():
        raise DataError(
            f"the labels differ for {name_some(list(shared[first.targets != other]))}: "
            "only runs on the same labels can be compared"
        )
    lookup = {} if groups is None else dict(zip(a.ids, groups, strict=True))
    own = None if groups is None else np.array([lookup[i] for i in shared], dtype=object)
    return Pair(
        ids=shared,
        classes=a.classes,
        targets=first.targets,
        a=first.scores,
        b=second.scores[:, order],
        units=unit_index(own, len(shared)),
        grouped=groups is not None,
        left_out=left_out,
    )
