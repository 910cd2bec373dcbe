"""Scores of new photos by a finished run."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from thresher.dataset.folder import read_folder
from thresher.dataset.frame import build_frame
from thresher.dataset.store import load_dataset
from thresher.dataset.table import Dataset
from thresher.dataset.tabular import read_table
from thresher.ensemble.base import Ensemble
from thresher.ensemble.nested import stacked
from thresher.errors import DataError
from thresher.metrics.temperature import fit_temperature, scale
from thresher.pipeline.bench import Job, fold_numbers, jobs_of, scores_others
from thresher.pipeline.checkpoint import load_models
from thresher.pipeline.copies import run_clusters
from thresher.pipeline.features import Features
from thresher.pipeline.folds import group_codes, read_folds
from thresher.pipeline.outer import at_ids, outer_folds, with_shares
from thresher.pipeline.photos import open_photos
from thresher.pipeline.score import is_linear, score_linear, score_trained
from thresher.pipeline.workspace import finished_run
from thresher.predictions import Predictions, mean
from thresher.progress import SILENT, Progress
from thresher.recipe.loader import load
from thresher.recipe.part import build
from thresher.recipe.schema import Recipe
from thresher.run_folder import RunFolder
from thresher.training.harness import Harness

SHOWN = 5
"""Broken photos that are named one by one."""


def predict(
    run: str | Path,
    photos: str | Path,
    images: str | Path | None = None,
    *,
    calibrated: bool = False,
    progress: Progress = SILENT,
) -> Predictions:
    """Scores photos as the run scored its test photos: all folds, seeds and models, same views and engine.

    Args:
        run: the folder of a finished run.
        photos: a folder of photos, one photo, or a table with ``image_id``.
        images: the image folder of a table; see `thresher.dataset.tabular.read_table`.
        calibrated: scale the scores by the temperature that fits the run's out-of-fold scores.
        progress: told of photos.

    Returns:
        kind ``test``; a photo that cannot be read gets the class shares of the training photos.

    Raises:
        RunError: the run is not finished.
        DataError: no photos.
    """
    folder = finished_run(run)
    recipe = load(str(folder.recipe))
    trained_on, _ = load_dataset(folder.dataset)
    folds = read_folds(folder)
    asked, cache = open_photos(_open(Path(photos), images, recipe), recipe, progress)
    broken = asked.frame[~asked.usable]
    for row in broken.head(SHOWN).itertuples():
        progress.say(f"{row.image_id}: {row.reason}; it gets the class shares of the training photos")
    if len(broken) > SHOWN:
        progress.say(f"and {len(broken) - SHOWN:,} more")
    with tempfile.TemporaryDirectory(prefix="thresher-") as scratch:
        features = Features(
            cache,
            np.flatnonzero(asked.usable),
            Path(scratch),
            recipe.images.fit,
            Harness().device,
            progress,
        )
        parts: dict[str, list[Predictions]] = {}
        for job in jobs_of(recipe, fold_numbers(folds)):
            if not scores_others(recipe, job):
                continue
            rows = np.flatnonzero(trained_on.labelled & trained_on.usable & ~(folds == job.fold).any(axis=1))
            filled = np.tile(trained_on.prior(rows), (len(asked), 1))
            filled[features.rows] = _score(recipe, folder, job, features, len(trained_on.classes))
            labels = asked.frame["label"].to_numpy(dtype=object)
            part = Predictions(asked.ids, filled, trained_on.classes, "test", labels)
            parts.setdefault(job.model, []).append(part)
    scores = {name: mean(jobs) for name, jobs in parts.items()}
    found = with_shares(_combine(recipe, folder, trained_on, scores), list(scores.values()), asked.usable)
    return _calibrated(found, folder, asked.usable) if calibrated else found


def _combine(
    recipe: Recipe, folder: RunFolder, trained_on: Dataset, scores: dict[str, Predictions]
) -> Predictions:
    """The run's ensemble, fitted again on its out-of-fold scores, of the models' scores of new photos."""
    part: Ensemble = build("ensemble", recipe.ensemble)
    origin = {"recipe": recipe.name, "models": list(recipe.models)}
    asked = mean(list(scores.values()), origin)
    oof = [Predictions.load(folder.predictions("oof", name)) for name in scores]
    groups = group_codes(trained_on, run_clusters(folder, trained_on.ids))
    codes = at_ids(trained_on.ids, groups, oof[0])
    folds = outer_folds(oof[0], codes, recipe.seed) if part.learns else None
    fitted = part.fit(stacked(oof, list(scores), folds, codes), recipe.seed)
    return replace(asked, scores=fitted.apply(stacked(list(scores.values())).scores))


def _calibrated(scores: Predictions, folder: RunFolder, usable: np.ndarray) -> Predictions:
    """The scores at the temperature that all out-of-fold scores of the run ask for; class shares stay."""
    oof = Predictions.load(folder.predictions("oof")).known
    temperature = fit_temperature(oof.targets, oof.scores)
    origin = {**scores.origin, "temperature": temperature}
    scaled = np.where(usable[:, None], scale(scores.scores, temperature), scores.scores)
    return replace(scores, scores=scaled, origin=origin)


def _score(recipe: Recipe, folder: RunFolder, job: Job, features: Features, classes: int) -> np.ndarray:
    """Probabilities (R, K) of the readable photos by one job."""
    section = recipe.models[job.model]
    models = load_models(section, classes, folder.job(job.model, job.seed, job.fold))
    if is_linear(section):
        return score_linear(models[0], section, features, features.rows)
    features.progress.start(f"{job.model}, fold {job.fold + 1}", len(features.rows))
    scores = score_trained(
        models,
        section,
        features.cache,
        features.rows,
        recipe.images.fit,
        features.device,
        features.folder / "graphs",
        features.progress,
    )
    features.progress.finish()
    return scores


def _open(photos: Path, images: str | Path | None, recipe: Recipe) -> Dataset:
    """What the user points at, as a data set."""
    if photos.is_dir():
        return read_folder(photos, test=True)
    if photos.suffix.lower() in (".csv", ".parquet"):
        section = recipe.data.model_copy(update={"classes": None})
        return read_table(photos, images, section, split="test")
    if photos.is_file():
        name, path = (np.array([text], dtype=object) for text in (photos.name, str(photos.absolute())))
        return Dataset(build_frame(name, path), ())
    raise DataError(f"{photos}: no such folder, photo or table")
