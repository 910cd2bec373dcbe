"""Jobs' scores put together: per model over folds and seeds, then the ensemble, then how good it is."""

from typing import Any

import numpy as np

from thresher.metrics.intervals import intervals, per_class
from thresher.pipeline.job import Bench, Job
from thresher.predictions import Predictions, mean
from thresher.recipe.schema import build


def collect_model(bench: Bench, name: str, folds: list[int]) -> tuple[Predictions, Predictions]:
    """OOF and test scores of one model: the mean over its seeds; test and unlabelled photos, the mean over folds too.

    Returns:
        scores of the data set's own rows, in its order (folds one after the other; unlabelled rows carry fold -1),
        and scores of the test rows.
    """
    seeds = bench.recipe.models[name].seeds
    origin = {"recipe": bench.recipe.name, "model": name, "seeds": list(seeds), "data": bench.fingerprint}
    oof_parts, other_parts = [], []
    for seed in seeds:
        jobs = [bench.run.job(name, seed, fold) for fold in folds]
        oof_parts.append(concatenate([Predictions.load(folder / "oof.parquet") for folder in jobs]))
        other_parts += [Predictions.load(folder / "test.parquet") for folder in jobs]
    others = mean(other_parts, origin)
    oof = concatenate([mean(oof_parts, origin), others])
    dataset = bench.dataset
    scored = (dataset.labelled & (bench.folds >= 0)) | ~dataset.labelled
    own, test = dataset.ids[scored & ~dataset.is_test], dataset.ids[dataset.is_test]
    return oof.align(own), others.align(test)


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


def collect(bench: Bench, folds: list[int]) -> dict[str, Any]:
    """Writes predictions/ and returns the scores for metrics.json, with intervals over photos or groups."""
    combine = build("ensemble", bench.recipe.ensemble).combine
    per_model = {name: collect_model(bench, name, folds) for name in bench.recipe.models}
    origin = {"recipe": bench.recipe.name, "models": list(per_model), "data": bench.fingerprint}
    resamples, seed = bench.recipe.metrics.resamples, bench.recipe.seed
    together = [combine([pair[place] for pair in per_model.values()], origin) for place in (0, 1)]
    models: dict[str, Any] = {}
    for name, (oof, test) in per_model.items():
        oof.save(bench.run.predictions("oof", name))
        if len(test):
            test.save(bench.run.predictions("test", name))
        models[name] = intervals(oof, resamples, seed, groups_of(bench, oof))
    oof, test = together
    oof.save(bench.run.predictions("oof"))
    if len(test):
        test.save(bench.run.predictions("test"))
    groups = groups_of(bench, oof)
    return {
        "oof": intervals(oof, resamples, seed, groups),
        "models": models,
        "classes": list(oof.classes),
        "per_class": per_class(oof, resamples, seed, groups),
    }


def groups_of(bench: Bench, scores: Predictions) -> np.ndarray | None:
    """The group of each row of ``scores`` that is scored, as the intervals want it; None where there are no groups."""
    if bench.groups is None:
        return None
    place = {image_id: row for row, image_id in enumerate(bench.dataset.ids)}
    return bench.groups[[place[image_id] for image_id in scores.ids]]


def jobs_of(bench: Bench, folds: list[int]) -> list[Job]:
    """All jobs of a run, fold by fold, so that a stopped run has whole models' first folds early."""
    return [
        Job(name, seed, fold)
        for name, section in bench.recipe.models.items()
        for seed in section.seeds
        for fold in folds
    ]
