"""Scores of new photos by a finished run."""

import tempfile
from pathlib import Path

import numpy as np

from thresher.dataset.folder import read_folder
from thresher.dataset.store import load_dataset
from thresher.dataset.table import OK, Dataset
from thresher.dataset.tabular import read_table
from thresher.errors import DataError, RunError
from thresher.files import digest
from thresher.images.cache import PhotoCache
from thresher.pipeline.features import Features
from thresher.pipeline.job import load_checkpoint
from thresher.pipeline.photos import cache_side
from thresher.pipeline.score import is_linear, score_linear, score_trained
from thresher.predictions import Predictions, mean
from thresher.progress import SILENT, Progress
from thresher.recipe.loader import load
from thresher.recipe.schema import Recipe, build
from thresher.run_folder import RunFolder
from thresher.training.harness import Harness


def predict(run: str | Path, photos: str | Path, *, progress: Progress = SILENT) -> Predictions:
    """Scores photos as the run scored its test photos: every fold and seed of every model, same views, same engine.

    Args:
        run: the folder of a finished run.
        photos: a folder of photos, one photo, or a table with ``image_id``.
        progress: told of photos.

    Returns:
        kind ``test``; a photo that cannot be read gets the class shares of the training photos.

    Raises:
        RunError: the run is not finished.
        DataError: no photos.
    """
    folder = RunFolder.existing(run)
    if not folder.metrics.is_file():
        raise RunError(
            f"{folder.root}: the run is not finished. Give its `thresher run` command again to continue it."
        )
    recipe = load(str(folder.recipe))
    trained_on, _ = load_dataset(folder.dataset)
    asked = _open(Path(photos), recipe)
    side = cache_side(recipe)
    cache = PhotoCache.open(asked.frame["path"].tolist(), side, recipe.images, progress)
    readable = np.flatnonzero(cache.status == OK)
    for row in np.flatnonzero(cache.status != OK):
        progress.say(
            f"{asked.ids[row]}: {cache.reason[row]}; it gets the class shares of the training photos"
        )
    combine = build("ensemble", recipe.ensemble).combine
    with tempfile.TemporaryDirectory(prefix="thresher-") as scratch:
        pixels = digest([list(cache.content), side])
        features = Features(
            cache, readable, Path(scratch), recipe.images.fit, pixels, Harness().device, progress
        )
        models = [
            _score_model(name, recipe, folder, asked, features, trained_on.classes, trained_on.prior())
            for name in recipe.models
        ]
    return combine(models, {"recipe": recipe.name, "models": list(recipe.models)})  # type: ignore[no-any-return]


def _score_model(
    name: str,
    recipe: Recipe,
    folder: RunFolder,
    asked: Dataset,
    features: Features,
    classes: tuple[str, ...],
    prior: np.ndarray,
) -> Predictions:
    """The mean over a model's jobs."""
    section = recipe.models[name]
    jobs = sorted((folder.root / "jobs" / name).glob("*/fold*/job.json"))
    parts = []
    for job in jobs:
        model, _ = load_checkpoint(section, len(classes), job.parent)
        scores = np.tile(prior, (len(asked), 1))
        if is_linear(section):
            scores[features.rows] = score_linear(model, section, features, features.rows)
        else:
            features.progress.start(f"{name} {job.parent.name}", len(features.rows))
            scores[features.rows] = score_trained(
                model,
                section,
                features.cache,
                features.rows,
                recipe.images.fit,
                features.device,
                features.folder / "graphs",
                features.progress,
            )
            features.progress.finish()
        parts.append(
            Predictions(asked.ids, scores, classes, "test", asked.frame["label"].to_numpy(dtype=object))
        )
    return mean(parts)


def _open(photos: Path, recipe: Recipe) -> Dataset:
    """What the user points at, as a data set."""
    if photos.is_dir():
        return read_folder(photos, test=True)
    if photos.suffix.lower() in (".csv", ".parquet"):
        return read_table(photos, None, recipe.data.model_copy(update={"classes": None}), split="test")
    if photos.is_file():
        import pandas as pd

        from thresher.dataset.frame import build_frame

        return (
            Dataset(
                build_frame(np.array([photos.name], object), np.array([str(photos.absolute())], object)), ()
            )
            if pd
            else None
        )
    raise DataError(f"{photos}: no such folder, photo or table")
