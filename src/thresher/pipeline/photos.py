"""The first two stages: read and check every photo, then deal folds."""

import math

import numpy as np
import pandas as pd

from thresher.dataset.fingerprint import fingerprint
from thresher.dataset.store import save_dataset
from thresher.dataset.table import MISSING, VALID, Dataset
from thresher.errors import DataError
from thresher.files import write_atomic
from thresher.folds.base import Labelled
from thresher.folds.check import check_folds
from thresher.folds.groups import join_groups
from thresher.images.cache import PhotoCache
from thresher.inference.views.expand import expand_views
from thresher.progress import Progress
from thresher.recipe.part import build
from thresher.recipe.schema import Recipe
from thresher.run_folder import RunFolder

STEP = 128
MARGIN = 8 / 7
"""Cached photos are so much larger than the largest training view, so that random crops are not blurred."""


def cache_side(recipe: Recipe) -> int:
    """The short side in pixels at which photos are kept: enough for the largest view of any model.

    Rounded up to a multiple of 128, so that recipes of about the same size share one cache, and each other's
    jobs.
    """
    sides: list[int] = []
    for model in recipe.models.values():
        views = list(model.views)
        for stage in model.stages:
            if stage.kind == "linear":
                views += stage.views
            else:
                sides.append(round((stage.image_size or model.image_size) * MARGIN))
        sides += [view.photo_side(model.image_size) for view in expand_views(views)]
    return STEP * math.ceil(max(sides) / STEP)


def open_photos(dataset: Dataset, recipe: Recipe, progress: Progress) -> tuple[Dataset, PhotoCache]:
    """Reads every photo; the data set then knows ``status``, ``reason``, size and content of each."""
    cache = PhotoCache.open(dataset.frame["path"].tolist(), cache_side(recipe), recipe.images, progress)
    # Of a missing photo the table knows more: which file it looked for.
    told = (cache.status == MISSING) & dataset.frame["reason"].notna().to_numpy()
    reason = np.where(told, dataset.frame["reason"].to_numpy(dtype=object), cache.reason)
    facts = {"width": cache.width, "height": cache.height, "content": cache.content}
    return dataset.with_columns(status=cache.status, reason=reason, **facts), cache


def check_photos(
    dataset: Dataset, recipe: Recipe, run: RunFolder, progress: Progress, writes: bool
) -> tuple[Dataset, PhotoCache, str]:
    """Reads every photo, notes what is broken, and writes dataset.parquet.

    Returns:
        the data set with ``status``, ``reason`` and what the files say of themselves; the photos; its
        fingerprint.

    Raises:
        DataError: no labelled photo can be read, or only those of one class.
    """
    checked, cache = open_photos(dataset, recipe, progress)
    readable = checked.labelled & checked.usable
    if len(np.unique(checked.targets[readable])) < 2:
        broken = checked.frame.loc[checked.labelled & ~checked.usable].head(3)
        first = "; ".join(f"{row.image_id}: {row.reason}" for row in broken.itertuples())
        raise DataError(
            f"{int(readable.sum())} of {int(checked.labelled.sum())} labelled photos can be read, and they "
            f"show fewer than two classes, so nothing can be learned ({first})"
        )
    mark = fingerprint(checked, checked.frame["content"])
    if writes:
        save_dataset(checked, run.dataset, {"fingerprint": mark})
    return checked, cache, mark


def deal_folds(
    dataset: Dataset, recipe: Recipe, run: RunFolder, writes: bool
) -> tuple[np.ndarray, np.ndarray | None]:
    """Deals the labelled rows to folds, or takes the rows marked valid as the only one.

    Returns:
        the folds of every row (N, R), -1 where it is never held out, R for repeated folds; and the group code
        of every row (N,), None where nothing belongs together.

    Raises:
        LeakError: a group, or copies of one photo, stand in two folds, whoever dealt them.
    """
    rows = np.flatnonzero(dataset.labelled)
    groups = joined_groups(dataset, rows)
    held = (dataset.frame["split"] == VALID).to_numpy()[rows]
    if held.any():
        dealt = np.where(held, 0, -1)
    else:
        sources = dataset.frame["source"].to_numpy(dtype=object)[rows]
        known = sources if pd.notna(sources).any() else None
        photos = Labelled(dataset.ids[rows], dataset.targets[rows], groups, known)
        dealt = build("folds", recipe.folds).deal(photos, recipe.seed)
    check_folds(dealt, groups)
    dealt = dealt.reshape(len(rows), -1)
    folds = np.full((len(dataset), dealt.shape[1]), -1, dtype=np.int64)
    folds[rows] = dealt
    if writes:
        names = ["fold", *(f"fold_{repeat}" for repeat in range(2, folds.shape[1] + 1))]
        table = pd.DataFrame({"image_id": dataset.ids, **dict(zip(names, folds.T, strict=True))})
        write_atomic(run.folds, lambda file: table.to_parquet(file, index=False))
    return folds, _codes(dataset, rows, groups)


def group_codes(dataset: Dataset) -> np.ndarray | None:
    """The group code of every row (N,), None where nothing belongs together; as `deal_folds` has them."""
    rows = np.flatnonzero(dataset.labelled)
    return _codes(dataset, rows, joined_groups(dataset, rows))


def _codes(dataset: Dataset, rows: np.ndarray, groups: pd.Series | None) -> np.ndarray | None:
    if groups is None:
        return None
    codes = np.arange(len(dataset))
    # A row without a group is one of its own.
    own = pd.Series([f"\0{row}" for row in rows], dtype=object)
    codes[rows] = len(dataset) + pd.factorize(groups.where(groups.notna(), own))[0]
    return codes


def read_folds(run: RunFolder) -> np.ndarray:
    """The folds of every row (N, R), as `deal_folds` wrote them."""
    table = pd.read_parquet(run.folds)
    folds: np.ndarray = table.drop(columns="image_id").to_numpy(dtype=np.int64)
    return folds


def joined_groups(dataset: Dataset, rows: np.ndarray) -> pd.Series | None:
    """The group of each of ``rows``: the user's, joined with copies of one photo, which are named by it."""
    given = dataset.frame["group"].iloc[rows].reset_index(drop=True)
    content = dataset.frame["content"].to_numpy(dtype=object)[rows]
    groups = join_groups(given if given.notna().any() else None, content)
    if groups is None:
        return None
    unnamed = groups.notna() & ~groups.isin(given.dropna())
    first = pd.Series(dataset.ids[rows], dtype=object).groupby(groups).transform("first")
    return groups.where(~unnamed, "copies of " + first)
