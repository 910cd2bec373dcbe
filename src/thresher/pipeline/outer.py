"""The folds on which ensembles are fitted and scored: those of the scores, else new ones."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from thresher.folds.base import Labelled
from thresher.predictions import Predictions, mean
from thresher.recipe.part import build

FOLDS = 5


def outer_folds(oof: Predictions, groups: np.ndarray | None, seed: int, count: int = FOLDS) -> np.ndarray:
    """The fold of each row (N,), -1 where it is not scored.

    Scores that carry two folds or more keep them. Otherwise (a held-out part, scores of another program)
    the labelled rows are dealt anew, every class spread and groups together.

    Args:
        oof: scores with labels.
        groups: group code of each row (N,), or None.
        seed: of the dealing.
        count: folds that are dealt; fewer where there are fewer groups.

    Raises:
        DataError: the rows cannot be dealt to two folds.
    """
    folds = np.full(len(oof), -1) if oof.folds is None else np.asarray(oof.folds, dtype=np.int64)
    if len(np.unique(folds[(folds >= 0) & (oof.targets >= 0)])) > 1:
        return folds
    # Rows that the models learned from may not be scored; where no row has a fold, all rows may.
    rows = np.flatnonzero((oof.targets >= 0) & ((folds >= 0) | (folds < 0).all()))
    own = None if groups is None else pd.Series(groups[rows])
    units = len(rows) if own is None else own.nunique()
    photos = Labelled(oof.ids[rows], oof.targets[rows], own)
    folds = np.full(len(oof), -1)
    folds[rows] = build("folds", {"name": "stratified", "n": max(2, min(count, units))}).deal(photos, seed)
    return folds


def at_ids(ids: np.ndarray, codes: np.ndarray | None, scores: Predictions) -> np.ndarray | None:
    """The codes (R,) of the rows of a data set with ``ids`` (R,), for the rows of ``scores`` (N,)."""
    if codes is None:
        return None
    place = {image_id: row for row, image_id in enumerate(ids)}
    found: np.ndarray = codes[[place[image_id] for image_id in scores.ids]]
    return found


def with_shares(scores: Predictions, models: Sequence[Predictions], usable: np.ndarray) -> Predictions:
    """The scores, but for photos that could not be read (N,): these keep the class shares that all models
    gave them, which an ensemble may make anything of."""
    if usable.all():
        return scores
    return replace(scores, scores=np.where(usable[:, None], scores.scores, mean(models).scores))


def named(weights: np.ndarray | None, names: list[str]) -> dict[str, float] | None:
    """Weights by model; None where there are none."""
    return None if weights is None else {name: float(one) for name, one in zip(names, weights, strict=True)}
