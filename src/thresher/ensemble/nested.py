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
from thresher.ensemble.refits import Refits, pairs, refitted
from thresher.errors import DataError
from thresher.predictions import Predictions, mean
from thresher.progress import SILENT, Progress


@dataclass(frozen=True)
class Combined:
    """What an ensemble makes of several models.

    Attributes:
        oof: nested scores: each photo by an ensemble that did not see its fold; photos without a label or a
            fold by the one that was fitted on all.
        naive: scores of the same photos by the ensemble that was fitted on all of them.
        test: scores of other photos by that ensemble; None without any.
        fitted: that ensemble.
        seconds: ``search``: what it took to fit it; ``nested``: what all the others took.
        refits: what the nested score would have been had photos been missing; None where nobody asked.
    """

    oof: Predictions
    naive: Predictions
    test: Predictions | None
    fitted: Fitted
    seconds: dict[str, float]
    refits: Refits | None = None


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
    refit: bool = False,
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
        refit: also fit it without each pair of folds, to know how far the nested score could be off.
        progress: told of every fit; there are as many as `fits` says.

    Raises:
        DataError: rows or classes differ, or fewer than two folds have labelled photos.
    """
    first = mean(models, origin)
    stack = stacked(models, names, folds, groups)
    known = np.flatnonzero(stack.known)
    begin = time.perf_counter()
    fitted = part.fit(stack, seed)
    progress.advance()
    middle = time.perf_counter()
    naive = fitted.apply(stack.scores)
    oof = naive.copy()
    refits = None
    if part.learns:
        some = stack.take(known)
        oof[known] = nested(part, some, seed, progress)
        refits = refitted(part, some, oof[known], seed, progress) if refit else None
    seconds = {"search": middle - begin, "nested": time.perf_counter() - middle}
    test = None
    if tests:
        others = mean(tests, origin)
        test = replace(others, scores=fitted.apply(stacked(tests).scores))
    nested_scores, naive_scores = replace(first, scores=oof), replace(first, scores=naive)
    return Combined(nested_scores, naive_scores, test, fitted, seconds, refits)


def fits(part: Ensemble, folds: np.ndarray) -> int:
    """How often `combined` with ``refit`` fits: once for all, once for each fold, once for each pair."""
    number = len(np.unique(folds[folds >= 0]))
    return 1 + (number + pairs(number)) * part.learns


def stacked(
    models: Sequence[Predictions],
    names: Sequence[str] | None = None,
    folds: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> Stack:
    """Scores of the same rows, in any order, as one stack in the order of the first; arguments as `combined`.

    Raises:
        DataError: rows or classes differ.
    """
    first = mean(models)  # says what does not match
    scores = np.stack([one.align(first.ids).scores for one in models])
    folds = first.folds if folds is None else folds
    places = np.full(len(first), -1) if folds is None else np.asarray(folds, dtype=np.int64)
    return Stack(
        scores,
        first.targets,
        places,
        tuple(names or (str(place) for place in range(len(models)))),
        None if groups is None else np.asarray(groups, dtype=np.int64),
    )


def nested(part: Ensemble, stack: Stack, seed: int, progress: Progress = SILENT) -> np.ndarray:
    """Scores (N, K) of each fold by the ensemble that was fitted on the others.

    Args:
        part: which ensemble; one that does not learn is the same for all folds.
        stack: photos with labels and folds only.
        seed: of whatever is drawn.
        progress: told of every fit.

    Raises:
        DataError: it learns, and there are fewer than two folds.
    """
    if not part.learns:
        return part.fit(stack, seed).apply(stack.scores)
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
