"""Embeddings of a run's photos: the features of a frozen backbone that the run has, or that it could have."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from thresher.dataset.table import Dataset
from thresher.images.cache import PhotoCache
from thresher.inference.views.base import View
from thresher.inference.views.expand import expand_views
from thresher.pipeline.features import Features
from thresher.pipeline.photos import cache_side, open_photos
from thresher.progress import SILENT, Progress
from thresher.recipe.schema import ModelSection, Recipe
from thresher.run_folder import RunFolder
from thresher.training.harness import Harness


def embed(run: RunFolder, recipe: Recipe, dataset: Dataset, progress: Progress = SILENT) -> np.ndarray | None:
    """Features of every photo, the mean over the views of the first model that has a linear stage.

    What the run has stored is read, and no photo is opened. The rest is computed and stored. Without a linear
    stage it is the frozen backbone of the first model that has weights, in a plain view.

    Args:
        run: the folder.
        recipe: resolved.
        dataset: as the run saved it.
        progress: told of photos.

    Returns:
        float32 (N, D), zeros for photos that cannot be read; None where no model starts from weights.
    """
    chosen = _choose(recipe)
    if chosen is None:
        return None
    section, views = chosen
    usable = np.flatnonzero(dataset.usable)
    features = _features(run, recipe, usable, _known(recipe, dataset), SILENT)
    if not all(features.stored(features.key(section, view)) for view in views):
        asked, cache = open_photos(dataset, recipe, progress)
        usable = np.flatnonzero(asked.usable)  # a photo may have gone since
        features = _features(run, recipe, usable, cache, progress)
    mean = np.mean([features.view(section, view) for view in views], axis=0, dtype=np.float32)
    embeddings = np.zeros((len(dataset), mean.shape[1]), dtype=np.float32)
    embeddings[usable] = mean
    return embeddings


def _choose(recipe: Recipe) -> tuple[ModelSection, list[View]] | None:
    """Which frozen backbone looks at the photos, and in which views."""
    for section in recipe.models.values():
        for stage in section.stages:
            if stage.kind == "linear":
                return section, expand_views(stage.views)
    for section in recipe.models.values():
        if section.weights != "none":
            return section.model_copy(update={"tiles": None}), expand_views([{"name": "plain"}])
    return None


def _known(recipe: Recipe, dataset: Dataset) -> PhotoCache:
    """Stands for the photos where their features are stored: knows their content alone."""
    content = dataset.frame["content"].to_numpy(dtype=object)
    known: Any = SimpleNamespace(content=content, side=cache_side(recipe))
    return cast(PhotoCache, known)


def _features(
    run: RunFolder, recipe: Recipe, usable: np.ndarray, cache: PhotoCache, progress: Progress
) -> Features:
    return Features(cache, usable, run.features, recipe.images.fit, Harness().device, progress)
