"""Ensembles scored on photos that they were not fitted on: fitted on all folds but one, scored on that one.

Weights that were fitted on the photos that they are scored on look better than they are. The naive figure is
kept beside the nested one, so that the difference, the optimism, can be seen.

What this cannot undo: the scores of the other folds come from models that learned from this fold's photos. To
be rid of that, every model would have to be trained again for every pair of folds; nobody does, and weights
have little to gain from it.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from thresher.ensemble.base import Ensemble, Fitted, Stack
from thresher.errors import DataError
from thresher.predictions import Predictions, mean
from thresher.progress import SILENT, Progress


@dataclass(frozen=True)
class Combined:
    """What an ensemble makes of several models.

    Attributes:
        oof: nested scores: each photo by an ensemble that did not see its fold.
        naive: scores of the same photos by the ensemble that was fitted on all of them.
        test: scores of other photos by that ensemble; None without any.
        fitted: that ensemble.
        seconds: what fitting took, all folds.
    """

    oof: Predictions
    naive: Predictions
    test: Predictions | None
    fitted: Fitted
    seconds: float


def combined(
    part: Ensemble,
    models: Sequence[Predictions],
    tests: Sequence[Predictions] = (),
    *,
    names: Sequence[str] | None = None,
    folds: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    origin: Mapping[str, Any] | None = None,
    seed: int = 0,
    progress: Progress = SILENT,
) -> Combined:
    """Fits an ensemble on out-of-fold scores and scores it nested.

    Args:
        part: which ensemble.
        models: out-of-fold scores of M models: the same rows (in any order) and classes.
        tests: scores of other photos by the same models, or none.
        names: of the models (M,).
        folds: fold of each row of the first model (N,), -1 where it is not scored; default: its own.
        groups: group of each row of the first model (N,), int64; None where nothing belongs together.
        origin: of the result.
        seed: of whatever is drawn.
        progress: told of every fit.

    Raises:
        DataError: rows or classes differ, or fewer than two folds have labelled photos.
    """
    names = tuple(names or (str(place) for place in range(len(models))))
    first = mean(models, origin)  # says what does not match
    scores = np.stack([one.align(first.ids).scores for one in models])
    folds = first.folds if folds is None else folds
    places = np.full(len(first), -1) if folds is None else np.asarray(folds, dtype=np.int64)
    known = (first.targets >= 0) & (places >= 0)
    stack = Stack(scores, first.targets, places, names, groups)
    begin = time.perf_counter()
    fitted, inside = fit_nested(part, stack.take(known) if part.learns else stack, seed, progress)
    seconds = time.perf_counter() - begin
    naive = fitted.apply(scores)
    oof = naive.copy()
    if part.learns:
        oof[known] = inside
    test = None
    if tests:
        others = mean(tests, origin)
        test = replace(others, scores=fitted.apply(np.stack([one.align(others.ids).scores for one in tests])))
    return Combined(replace(first, scores=oof), replace(first, scores=naive), test, fitted, seconds)


def fit_nested(
    part: Ensemble, stack: Stack, seed: int, progress: Progress = SILENT
) -> tuple[Fitted, np.ndarray]:
    """The ensemble fitted on all photos, and the nested scores (N, K) of each of them.

    Raises:
        DataError: it learns, and there are fewer than two folds.
    """
    progress.start("ensemble", 1 + len(np.unique(stack.folds)) * part.learns, "fits")
    fitted = part.fit(stack, seed)
    progress.advance()
    inside = nested(part, stack, seed, progress) if part.learns else fitted.apply(stack.scores)
    progress.finish()
    return fitted, inside


def nested(part: Ensemble, stack: Stack, seed: int, progress: Progress = SILENT) -> np.ndarray:
    """Scores (N, K) of each fold by the ensemble that was fitted on the others.

    Raises:
        DataError: there are fewer than two folds.
    """
    numbers = np.unique(stack.folds)
    if len(numbers) < 2:
        raise DataError(
            "an ensemble that learns needs labelled photos in two folds at least, to be scored on those that "
            "it did not see"
        )
    found = np.empty(stack.scores.shape[1:])
    for number in numbers:
        held = stack.folds == number
        found[held] = part.fit(stack.take(~held), seed).apply(stack.scores[:, held])
        progress.advance()
    return found
