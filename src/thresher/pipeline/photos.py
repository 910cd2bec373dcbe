"""The first two stages: read and check every photo, then deal folds."""

import math

import numpy as np
import pandas as pd

from thresher.dataset.fingerprint import fingerprint
from thresher.dataset.store import save_dataset
from thresher.dataset.table import VALID, Dataset
from thresher.errors import DataError
from thresher.files import write_atomic
from thresher.folds.check import check_folds
from thresher.folds.groups import join_groups
from thresher.images.cache import PhotoCache
from thresher.progress import Progress
from thresher.recipe.schema import Recipe, build
from thresher.run_folder import RunFolder

STEP = 128
MARGIN = 8 / 7
"""Cached photos are so much larger than the largest training view, so that random crops are not blurred."""


def cache_side(recipe: Recipe) -> int:
    """The short side in pixels at which photos are kept: enough for the largest view of any model.

    Rounded up to a multiple of 128, so that recipes of about the same size share one cache, and each other's jobs.
    """
    sides = []
    for model in recipe.models.values():
        views = [
            *model.views,
            *(view for stage in model.stages if stage.kind == "linear" for view in stage.views),
        ]
        sides += [build("views", view).size(model.image_size) for view in views]
        sides += [
            round((stage.image_size or model.image_size) * MARGIN)
            for stage in model.stages
            if stage.kind == "train"
        ]
    return STEP * math.ceil(max(sides) / STEP)


def check_photos(
    dataset: Dataset, recipe: Recipe, run: RunFolder, progress: Progress, writes: bool
) -> tuple[Dataset, PhotoCache, str]:
    """Reads every photo, notes what is broken, and writes dataset.parquet.

    Returns:
        the data set with ``status``, ``reason`` and what the files say of themselves; the photos; the fingerprint.

    Raises:
        DataError: no labelled photo can be read, or only those of one class.
    """
    cache = PhotoCache.open(dataset.frame["path"].tolist(), cache_side(recipe), recipe.images, progress)
    facts = {"width": cache.width, "height": cache.height, "content": cache.content}
    checked = dataset.with_columns(status=cache.status, reason=cache.reason, **facts)
    readable = checked.labelled & checked.usable
    if len(np.unique(checked.targets[readable])) < 2:
        first = checked.frame.loc[~checked.usable, ["image_id", "reason"]].head(3).to_dict("records")
        raise DataError(
            f"of {int(checked.labelled.sum())} labelled photos {int(readable.sum())} can be read, and they show fewer than "
            f"two classes: nothing can be learned. {first}"
        )
    mark = fingerprint(checked, checked.frame["content"])
    if writes:
        save_dataset(checked, run.dataset, {"fingerprint": mark})
    return checked, cache, mark


def deal_folds(dataset: Dataset, recipe: Recipe, run: RunFolder, writes: bool) -> np.ndarray:
    """The fold of every row (N,): -1 for rows that are never scored..

    Raises:
        LeakError: a group stands in two folds, whoever dealt them.
    """
    rows = np.flatnonzero(dataset.labelled)
    groups = join_groups(_own(dataset, rows), dataset.frame["content"].to_numpy(dtype=object)[rows])
    folds = np.full(len(dataset), -1, dtype=np.int64)
    if (dataset.frame["split"] == VALID).any():
        folds[rows] = np.where((dataset.frame["split"] == VALID).to_numpy()[rows], 0, -1)
    else:
        splitter = build("folds", recipe.folds)
        folds[rows] = splitter.split(dataset.ids[rows], dataset.targets[rows], groups, recipe.seed)
    check_folds(folds[rows], groups)
    if writes:
        table = pd.DataFrame({"image_id": dataset.ids, "fold": folds})
        write_atomic(run.folds, lambda file: table.to_parquet(file, index=False))
    if groups is None:
        return folds, None
    codes = np.arange(len(dataset))
    # A row without a group is one of its own.
    own = pd.Series([f"\0{row}" for row in rows], dtype=object)
    codes[rows] = len(dataset) + pd.factorize(groups.where(groups.notna(), own))[0]
    return folds, codes


def _own(dataset: Dataset, rows: np.ndarray) -> pd.Series | None:
    groups = dataset.frame["group"].iloc[rows].reset_index(drop=True)
    return groups if groups.notna().any() else None


def fold_numbers(folds: np.ndarray) -> list[int]:
    """The folds that are scored, in order."""
    return sorted(int(fold) for fold in np.unique(folds) if fold >= 0)
