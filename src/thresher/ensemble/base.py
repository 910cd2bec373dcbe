"""What an ensemble is: scores of several models for the same photos in, one score matrix out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from thresher.errors import DataError
from thresher.predictions import Predictions


@dataclass(frozen=True)
class Stack:
    """What an ensemble may learn from: scores of models that did not see the photos, and the labels.

    Attributes:
        scores: probabilities (M, N, K) of M models.
        targets: class index of each photo (N,), int64, -1 where unknown.
        folds: fold of each photo (N,), int64, any numbers, negative where it is not to be scored; photos of
            one fold are never torn apart.
        names: of the models (M,).
        groups: what belongs together (N,), int64; None where every photo stands alone.
    """

    scores: np.ndarray
    targets: np.ndarray
    folds: np.ndarray
    names: tuple[str, ...]
    groups: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, rows: np.ndarray) -> "Stack":
        """Some of the photos; rows are places or a mask."""
        groups = None if self.groups is None else self.groups[rows]
        return Stack(self.scores[:, rows], self.targets[rows], self.folds[rows], self.names, groups)

    def pick(self, models: Sequence[int] | np.ndarray) -> "Stack":
        """Some of the models, in the given order."""
        return replace(
            self, scores=self.scores[models], names=tuple(self.names[int(place)] for place in models)
        )

    @property
    def known(self) -> np.ndarray:
        """Which photos can be learned from (N,), bool."""
        known: np.ndarray = (self.targets >= 0) & (self.folds >= 0)
        return known

    @property
    def units(self) -> np.ndarray:
        """What is drawn together when photos are redrawn (N,), 0 .. G-1."""
        if self.groups is None:
            return np.arange(len(self))
        return np.unique(self.groups, return_inverse=True)[1]


@dataclass(frozen=True)
class Fitted:
    """An ensemble that has learned.

    Attributes:
        rule: scores (M, N, K) of the models that it was fitted on, of any photos -> probabilities (N, K). A
            row of the result depends on that photo alone.
        weights: weight of each model (M,), >= 0, sum 1; None where it is no weighted mean.
        facts: what is worth telling: JSON values.
    """

    rule: Callable[[np.ndarray], np.ndarray]
    weights: np.ndarray | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def apply(self, scores: np.ndarray) -> np.ndarray:
        """Scores (M, N, K) of other photos by the same models, to probabilities (N, K), float64."""
        return self.rule(np.asarray(scores, dtype=np.float64))


class Ensemble:
    """Combines models. A subclass writes `learn`, and obeys the laws that the tests of this room hold it to.

    Attributes:
        learns: whether it looks at labels. If not, nothing can be fitted to what it is scored on.
        linear: whether it is the mean of probabilities with the weights that it tells.
    """

    learns: ClassVar[bool] = True
    linear: ClassVar[bool] = False

    def fit(self, stack: Stack, seed: int = 0) -> Fitted:
        """Learns from labelled photos.

        Neither the order of the photos nor that of the models matters, and a copy of a model only shares its
        weight: both are put in an order of their own before anything is drawn or summed.

        Args:
            stack: scores, labels and folds; photos without either are left out by those that learn.
            seed: of whatever is drawn; equal stacks and seeds give equal ensembles.

        Raises:
            DataError: there is nothing to learn from.
        """
        from threadpoolctl import threadpool_limits

        from thresher.ensemble.canonical import canonical, shared

        if not len(stack.names):
            raise DataError("no scores to combine: an ensemble needs at least one model")
        if not self.learns:
            return self.learn(stack, seed)
        stack = stack.take(stack.known)
        if not len(stack):
            raise DataError("no photo has both a label and scores: an ensemble has nothing to learn from")
        ordered, models, copies = canonical(stack)
        # One BLAS thread: the products are thin, and the bits then do not depend on the number of cores.
        with threadpool_limits(1, "blas"):
            fitted = self.learn(ordered, seed)
        weights = None if fitted.weights is None else shared(fitted.weights, copies)
        return Fitted(lambda scores: fitted.apply(scores[models]), weights, fitted.facts)

    def check(self, names: Sequence[str]) -> None:
        """Makes sure that it can combine models of these names.

        Raises:
            ValueError: it cannot.
        """

    def learn(self, stack: Stack, seed: int) -> Fitted:
        """As `fit`, from models that differ, with models and photos in an order that is always the same."""
        raise NotImplementedError

    def combine(self, models: Sequence[Predictions], origin: Mapping[str, Any]) -> Predictions:
        """One score matrix (N, K) from several of the same rows and classes.

        Out-of-fold scores stay out of fold: what is learned, each fold takes from the others (see
        `thresher.ensemble.nested`), rows without a label from all.

        Raises:
            DataError: the rows or classes differ, or there are no labels or folds to learn with.
        """
        from thresher.ensemble.nested import combined

        return combined(self, models, origin=origin).oof
