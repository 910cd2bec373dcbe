"""The first stage: read and check every photo."""

import math

import numpy as np

from thresher.dataset.fingerprint import fingerprint
from thresher.dataset.store import save_dataset
from thresher.dataset.table import MISSING, Dataset
from thresher.errors import DataError
from thresher.images.cache import PhotoCache
from thresher.inference.views.expand import expand_views
from thresher.progress import Progress
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
            if stage.kind != "train":
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
