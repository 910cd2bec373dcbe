"""Jobs' scores put together: per model over folds and seeds, then the ensemble, then how good it is."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from thresher.metrics.confidence import confidence
from thresher.metrics.intervals import intervals, per_class
from thresher.pipeline.bench import Bench, fold_numbers, jobs_of, scores_others
from thresher.predictions import Predictions, mean
from thresher.recipe.part import build


def collect(bench: Bench) -> dict[str, Any]:
    """Writes predictions/ and returns the scores for metrics.json, with intervals over photos or groups."""
    per_model = {name: collect_model(bench, name) for name in bench.recipe.models}
    combine = build("ensemble", bench.recipe.ensemble).combine
    origin = {"recipe": bench.recipe.name, "models": list(per_model), "data": bench.fingerprint}
    oof, test = (combine([pair[place] for pair in per_model.values()], origin) for place in (0, 1))
    _forget(bench.run.predictions("oof").parent, set(per_model))
    models: dict[str, Any] = {}
    for name, pair in per_model.items():
        _save(bench, *pair, name)
        models[name] = _intervals(bench, pair[0])
    _save(bench, oof, test)
    resamples, seed = bench.recipe.metrics.resamples, bench.recipe.seed
    return {
        "oof": _intervals(bench, oof),
        "models": models,
        "classes": list(oof.classes),
        "per_class": per_class(oof, resamples, seed, groups_of(bench, oof)),
        "calibration": confidence(oof, resamples, seed, groups_of(bench, oof)),
    }


def collect_model(bench: Bench, name: str) -> tuple[Predictions, Predictions]:
    """Scores of one model: means over seeds and repeats; over its jobs where no fold holds a row.

    Returns:
        scores of the data set's own rows, in its order (those without a label carry fold -1), and scores of
        the test rows.
    """
    seeds = bench.recipe.models[name].seeds
    origin = {"recipe": bench.recipe.name, "model": name, "seeds": list(seeds), "data": bench.fingerprint}
    oof_parts, other_parts = [], []
    for seed in seeds:
        for repeat in bench.folds.T:
            jobs = [bench.run.job(name, seed, fold) for fold in fold_numbers(repeat)]
            oof_parts.append(concatenate([Predictions.load(folder / "oof.parquet") for folder in jobs]))
    for job in jobs_of(bench.recipe, bench.fold_numbers):
        if job.model == name and scores_others(bench.recipe, job):
            other_parts.append(Predictions.load(bench.run.job(name, job.seed, job.fold) / "test.parquet"))
    others = mean(other_parts, origin)
    oof = concatenate([mean(oof_parts, origin), others])
    dataset = bench.dataset
    scored = (bench.folds >= 0).any(axis=1) | ~dataset.labelled
    return oof.align(dataset.ids[scored & ~dataset.is_test]), others.align(dataset.ids[dataset.is_test])


def concatenate(parts: list[Predictions]) -> Predictions:
    """Rows of several score matrices, one after the other; kind, classes and origin are the first's."""
    first = parts[0]
    return Predictions(
        np.concatenate([part.ids for part in parts]),
        np.concatenate([part.scores for part in parts]),
        first.classes,
        first.kind,
        np.concatenate([np.asarray(part.labels, dtype=object) for part in parts]),
        np.concatenate([np.asarray(part.folds) for part in parts]),
        first.origin,
    )


def groups_of(bench: Bench, scores: Predictions) -> np.ndarray | None:
    """The group of each row of ``scores`` (N,), as the intervals want it; None where there are no groups."""
    if bench.groups is None:
        return None
    place = {image_id: row for row, image_id in enumerate(bench.dataset.ids)}
    return bench.groups[[place[image_id] for image_id in scores.ids]]


def _intervals(bench: Bench, oof: Predictions) -> dict[str, Any]:
    return dict(intervals(oof, bench.recipe.metrics.resamples, bench.recipe.seed, groups_of(bench, oof)))


def _save(bench: Bench, oof: Predictions, test: Predictions, model: str | None = None) -> None:
    """Scores of one model or of the ensemble; without test photos there is no file for them."""
    oof.save(bench.run.predictions("oof", model))
    path = bench.run.predictions("test", model)
    if len(test):
        test.save(path)
    else:
        path.unlink(missing_ok=True)


def _forget(folder: Path, models: set[str]) -> None:
    """Removes the scores of models that an earlier recipe of this run had."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir() and path.name not in models:
            shutil.rmtree(path)
