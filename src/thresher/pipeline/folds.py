"""The stage that deals folds: near copies of a photo stay together, and what that changed is counted."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from thresher.dataset.table import VALID, Dataset
from thresher.errors import DataError, RecipeError
from thresher.files import write_atomic
from thresher.folds.base import Labelled
from thresher.folds.check import check_folds
from thresher.folds.groups import join_groups
from thresher.recipe.part import build
from thresher.recipe.schema import Recipe
from thresher.run_folder import RunFolder


@dataclass(frozen=True)
class Dealt:
    """The folds of a data set.

    Attributes:
        folds: of every row (N, R), -1 where it is never held out, R for repeated folds.
        groups: group code of every row (N,); None where nothing belongs together.
        leaky: the folds (N, R) that the same rule deals if it is told nothing of near copies; None where
            these are the folds.
    """

    folds: np.ndarray
    groups: np.ndarray | None
    leaky: np.ndarray | None = None


def deal_folds(
    dataset: Dataset, recipe: Recipe, run: RunFolder, writes: bool, clusters: np.ndarray | None = None
) -> Dealt:
    """Deals the labelled rows to folds, or takes the rows marked valid as the only one.

    Folds of a file and rows marked valid are not changed: their near copies may stand apart.

    Args:
        dataset: N photos.
        recipe: names the rule.
        run: its folder.
        writes: whether to write folds.parquet.
        clusters: number of each row's cluster of near copies (N,), -1 for none.

    Raises:
        LeakError: a group, or copies of one photo, stand in two folds, whoever dealt them.
        DataError: the photos cannot be dealt in this way.
        RecipeError: there are no other folds to measure a leak with.
    """
    rows = np.flatnonzero(dataset.labelled)
    plain = joined_groups(dataset, rows)
    groups = plain if clusters is None else joined_groups(dataset, rows, clusters[rows])
    held = (dataset.frame["split"] == VALID).to_numpy()[rows]
    leaky = None
    if held.any():
        if recipe.folds["report_leak"]:
            raise RecipeError(
                "folds.report_leak has no effect on rows marked valid in the table: they are not changed"
            )
        dealt = np.where(held, 0, -1)
        check_folds(dealt, plain)
    elif recipe.folds["name"] == "given":
        dealt = _deal(dataset, recipe, rows, plain)
        check_folds(dealt, plain)
    else:
        leaky = None if _equal(plain, groups) else _deal(dataset, recipe, rows, plain)
        try:
            dealt = _deal(dataset, recipe, rows, groups)
        except DataError as error:
            if leaky is None:
                raise
            raise DataError(
                f"{error}; near copies of a photo count as one, --set folds.near_duplicates=false deals "
                "them singly"
            ) from error
        check_folds(dealt, groups)
    folds = _everywhere(dataset, rows, dealt)
    if writes:
        names = ["fold", *(f"fold_{repeat}" for repeat in range(2, folds.shape[1] + 1))]
        table = pd.DataFrame({"image_id": dataset.ids, **dict(zip(names, folds.T, strict=True))})
        write_atomic(run.folds, lambda file: table.to_parquet(file, index=False))
    codes = _codes(dataset, rows, groups)
    return Dealt(folds, codes, None if leaky is None else _everywhere(dataset, rows, leaky))


def group_codes(dataset: Dataset, clusters: np.ndarray | None = None) -> np.ndarray | None:
    """The group code of every row (N,), None where nothing belongs together; as `deal_folds` has them.

    Args:
        dataset: N photos.
        clusters: number of each row's cluster of near copies (N,), -1 for none.
    """
    rows = np.flatnonzero(dataset.labelled)
    return _codes(dataset, rows, joined_groups(dataset, rows, None if clusters is None else clusters[rows]))


def read_folds(run: RunFolder) -> np.ndarray:
    """The folds of every row (N, R), as `deal_folds` wrote them."""
    table = pd.read_parquet(run.folds)
    folds: np.ndarray = table.drop(columns="image_id").to_numpy(dtype=np.int64)
    return folds


def _codes(dataset: Dataset, rows: np.ndarray, groups: pd.Series | None) -> np.ndarray | None:
    if groups is None:
        return None
    codes = np.arange(len(dataset))
    # A row without a group is one of its own.
    own = pd.Series([f"\0{row}" for row in rows], dtype=object)
    codes[rows] = len(dataset) + pd.factorize(groups.where(groups.notna(), own))[0]
    return codes


def _deal(dataset: Dataset, recipe: Recipe, rows: np.ndarray, groups: pd.Series | None) -> np.ndarray:
    """The folds that the recipe's rule deals to ``rows`` (n,) or (n, R)."""
    sources = dataset.frame["source"].to_numpy(dtype=object)[rows]
    known = sources if pd.notna(sources).any() else None
    named = bool(dataset.frame["group"].notna().any())
    photos = Labelled(dataset.ids[rows], dataset.targets[rows], groups, known, named)
    dealt: np.ndarray = build("folds", recipe.folds).deal(photos, recipe.seed)
    return dealt


def _equal(one: pd.Series | None, other: pd.Series | None) -> bool:
    """Whether the same rows belong together."""
    if one is None or other is None:
        return one is other
    codes = [pd.factorize(groups)[0] for groups in (one, other)]
    return bool((codes[0] == codes[1]).all())


def _everywhere(dataset: Dataset, rows: np.ndarray, dealt: np.ndarray) -> np.ndarray:
    """Folds of every row (N, R) from those of ``rows``."""
    dealt = dealt.reshape(len(rows), -1)
    folds = np.full((len(dataset), dealt.shape[1]), -1, dtype=np.int64)
    folds[rows] = dealt
    return folds


def joined_groups(dataset: Dataset, rows: np.ndarray, clusters: np.ndarray | None = None) -> pd.Series | None:
    """The group of each of ``rows``: the user's, joined with copies of one photo, which are named by it."""
    given = dataset.frame["group"].iloc[rows].reset_index(drop=True)
    content = dataset.frame["content"].to_numpy(dtype=object)[rows]
    groups = join_groups(given if given.notna().any() else None, content, clusters)
    if groups is None:
        return None
    unnamed = groups.notna() & ~groups.isin(given.dropna())
    first = pd.Series(dataset.ids[rows], dtype=object).groupby(groups).transform("first")
    return groups.where(~unnamed, "copies of " + first)
