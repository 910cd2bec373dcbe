"""What models are taught of photos whose labels were repaired; the given labels stay beside it."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from thresher.errors import DataError


@dataclass(frozen=True)
class Teaching:
    """What N photos teach. Folds, scores and whatever judges a model keep to ``given``.

    Attributes:
        given: given class index (N,), int64, >= 0.
        soft: taught distributions (N, K), float32, rows sum to 1; None where every photo teaches its given
            label.
        weights: what each photo counts (N,), >= 0, on top of the weight that the table gives it.
        dropped: photos that teach nothing (N,), bool.
        fixed: photos that a person decided on (N,), bool: nothing repairs them any more.
    """

    given: np.ndarray
    soft: np.ndarray | None
    weights: np.ndarray
    dropped: np.ndarray
    fixed: np.ndarray

    @classmethod
    def of(cls, given: np.ndarray) -> "Teaching":
        """The given labels (N,), as they are."""
        count = len(given)
        none = np.zeros(count, dtype=bool)
        return cls(np.asarray(given, dtype=np.int64), None, np.ones(count), none, none)

    def __post_init__(self) -> None:
        count = len(self.given)
        if any(len(one) != count for one in (self.weights, self.dropped, self.fixed)):
            raise DataError(f"weights, drops and decisions must be as many as the {count} photos")
        if not (np.isfinite(self.weights) & (self.weights >= 0)).all():
            raise DataError("a photo's weight is a number, 0 or more")
        if self.soft is not None:
            sums = self.soft.sum(1, dtype=np.float64)
            if len(self.soft) != count or (self.soft < 0).any() or not (np.abs(sums - 1) < 1e-5).all():
                raise DataError("soft labels need one distribution per photo: numbers >= 0 whose sum is 1")

    def __len__(self) -> int:
        return len(self.given)

    @property
    def kept(self) -> np.ndarray:
        """Photos that teach something (N,), bool."""
        return ~self.dropped

    @property
    def plain(self) -> bool:
        """Whether all photos teach their given label, each with its own weight."""
        return not self.differs(Teaching.of(self.given)).any()

    def differs(self, other: "Teaching") -> np.ndarray:
        """Photos (N,) that teach something else than in another teaching of the same ones, bool."""
        changed = (self.dropped != other.dropped) | (self.weights != other.weights)
        for one in (self, other):
            if one.soft is not None:
                classes = one.soft.shape[1]
                return np.asarray(changed | (self.rows(classes) != other.rows(classes)).any(1))
        return np.asarray(changed)

    @cached_property
    def lead(self) -> np.ndarray:
        """The class that each photo teaches most (N,), int64; of equal ones the given one, else the first."""
        if self.soft is None:
            return self.given
        best = self.soft.argmax(1)
        places = np.arange(len(self))
        return np.where(self.soft[places, self.given] == self.soft[places, best], self.given, best)

    @cached_property
    def targets(self) -> np.ndarray:
        """What a loss gets: class index (N,) where every photo teaches one class, else soft (N, K)."""
        if self.soft is None or (self.soft.max(1, initial=0) == 1).all():
            return self.lead
        return self.soft

    def rows(self, classes: int) -> np.ndarray:
        """Taught distributions (N, K), float32, whatever they are."""
        if self.soft is not None:
            return self.soft.copy()
        return one_hot(self.given, classes)

    def take(self, places: np.ndarray) -> "Teaching":
        """The photos at the given places."""
        soft = None if self.soft is None else self.soft[places]
        parts = (self.weights[places], self.dropped[places], self.fixed[places])
        return Teaching(self.given[places], soft, *parts)

    def retarget(self, chosen: np.ndarray, rows: np.ndarray) -> "Teaching":
        """The chosen photos (N,) teach other distributions: those of ``rows`` (N, K) at their places."""
        if not chosen.any():
            return self
        exact = rows[chosen].astype(np.float64)
        soft = self.rows(rows.shape[1])
        soft[chosen] = exact / exact.sum(1, keepdims=True)
        return replace(self, soft=soft)

    def reweigh(self, chosen: np.ndarray, factors: np.ndarray) -> "Teaching":
        """The chosen photos (N,) count so many times (N,) what they did."""
        return replace(self, weights=np.where(chosen, self.weights * factors, self.weights))

    def without(self, chosen: np.ndarray) -> "Teaching":
        """The chosen photos (N,) teach nothing."""
        return replace(self, dropped=self.dropped | chosen)

    def decided(self, chosen: np.ndarray) -> "Teaching":
        """The chosen photos (N,) are a person's decision."""
        return replace(self, fixed=self.fixed | chosen)


def one_hot(targets: np.ndarray, classes: int) -> np.ndarray:
    """Class indices (N,) as rows of 0 and 1 (N, K), float32."""
    rows = np.zeros((len(targets), classes), dtype=np.float32)
    rows[np.arange(len(targets)), targets] = 1
    return rows
