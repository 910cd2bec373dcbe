"""Jobs' scores put together: per model over folds and seeds, then the ensemble, then how good it is."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from thresher.ensemble.base import Ensemble
from thresher.ensemble.nested import Combined, combined, fits
from thresher.metrics.confidence import confidence
from thresher.metrics.intervals import intervals, per_class
from thresher.pipeline.bench import Bench, fold_numbers, jobs_of, scores_others
from thresher.pipeline.outer import at_ids, named, outer_folds, with_shares
from thresher.predictions import Predictions, mean
from thresher.progress import SILENT
from thresher.recipe.part import build
from thresher.run_folder import RunFolder


def collect(bench: Bench) -> dict[str, Any]:
    """Writes predictions/ and returns the scores for metrics.json, with intervals over photos or groups."""
    per_model = {name: collect_model(bench, name) for name in bench.recipe.models}
    part, found = _combined(bench, per_model)
    oof, test = found.oof, found.test
    _forget(bench.run.predictions("oof").parent, set(per_model))
    models: dict[str, Any] = {}
    for name, pair in per_model.items():
        _save(bench, *pair, name)
        models[name] = _intervals(bench, pair[0])
    _save(bench, oof, test)
    whole = _intervals(bench, oof)
    resamples, seed = bench.recipe.metrics.resamples, bench.recipe.seed
    metrics: dict[str, Any] = {
        "oof": whole if found.refits is None else found.refits.loosened(whole),
        "models": models,
        "classes": list(oof.classes),
        "per_class": per_class(oof, resamples, seed, groups_of(bench, oof)),
        "calibration": confidence(oof, resamples, seed, groups_of(bench, oof)),
    }
    if part.learns:  # what it would look like on the photos that it was fitted on
        metrics["ensemble"] = {
            "naive": _intervals(bench, found.naive),
            "weights": named(found.fitted.weights, list(per_model)),
            "facts": dict(found.fitted.facts),
            "seconds": found.seconds["search"],
        }
    return metrics


def _combined(
    bench: Bench, per_model: dict[str, tuple[Predictions, Predictions]]
) -> tuple[Ensemble, Combined]:
    """The recipe's ensemble of all models; what learns is scored on folds that it did not see."""
    part: Ensemble = build("ensemble", bench.recipe.ensemble)
    first = next(iter(per_model.values()))[0]
    groups = groups_of(bench, first)
    folds = outer_folds(first, groups, bench.recipe.seed) if part.learns else None
    if folds is not None:
        bench.progress.start(bench.recipe.ensemble["name"], fits(part, folds), "fits")
    found = combined(
        part,
        *([pair[place] for pair in per_model.values()] for place in (0, 1)),
        names=list(per_model),
        folds=folds,
        groups=groups,
        origin={"recipe": bench.recipe.name, "models": list(per_model), "data": bench.fingerprint},
        seed=bench.recipe.seed,
        refit=True,
        progress=SILENT if folds is None else bench.progress,
    )
    if folds is not None:
        bench.progress.finish()
    usable = dict(zip(bench.dataset.ids, bench.dataset.usable, strict=True))

    def kept(scores: Predictions, place: int) -> Predictions:
        readable = np.array([usable[one] for one in scores.ids], dtype=bool)
        return with_shares(scores, [pair[place] for pair in per_model.values()], readable)

    test = None if found.test is None else kept(found.test, 1)
    return part, replace(found, oof=kept(found.oof, 0), naive=kept(found.naive, 0), test=test)


def collect_model(bench: Bench, name: str) -> tuple[Predictions, Predictions]:
    """Scores of one model: means over seeds and repeats; over its jobs where no fold holds a row.

    Returns:
        scores of the data set's own rows, in its order (those without a label carry fold -1), and scores of
        the test rows.
    """
    seeds = bench.recipe.models[name].seeds
    origin = {"recipe": bench.recipe.name, "model": name, "seeds": list(seeds), "data": bench.fingerprint}
    oof_parts: list[Predictions] = []
    other_parts: list[Predictions] = []
    for seed in seeds:
        oof_parts += seed_scores(bench.run, bench.folds, name, seed)
    for job in jobs_of(bench.recipe, bench.fold_numbers):
        if job.model == name and scores_others(bench.recipe, job):
            other_parts.append(Predictions.load(bench.run.job(name, job.seed, job.fold) / "test.parquet"))
    others = mean(other_parts, origin)
    oof = concatenate([mean(oof_parts, origin), others])
    dataset = bench.dataset
    scored = (bench.folds >= 0).any(axis=1) | ~dataset.labelled
    return oof.align(dataset.ids[scored & ~dataset.is_test]), others.align(dataset.ids[dataset.is_test])


def seed_scores(run: RunFolder, folds: np.ndarray, model: str, seed: int) -> list[Predictions]:
    """Out-of-fold scores of one seed of a model, once for each time that photos were dealt.

    Args:
        run: the folder.
        folds: folds of each row (N, R).
        model: its name.
        seed: of the model.
    """
    return [
        concatenate(
            [Predictions.load(run.job(model, seed, fold) / "oof.parquet") for fold in fold_numbers(repeat)]
        )
        for repeat in folds.T
    ]


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
    return at_ids(bench.dataset.ids, bench.groups, scores)


def _intervals(bench: Bench, oof: Predictions) -> dict[str, Any]:
    return dict(intervals(oof, bench.recipe.metrics.resamples, bench.recipe.seed, groups_of(bench, oof)))


def _save(bench: Bench, oof: Predictions, test: Predictions | None, model: str | None = None) -> None:
    """Scores of one model or of the ensemble; without test photos there is no file for them."""
    oof.save(bench.run.predictions("oof", model))
    path = bench.run.predictions("test", model)
    if test is not None and len(test):
        test.save(path)
    else:
        path.unlink(missing_ok=True)


def _forget(folder: Path, models: set[str]) -> None:
    """Removes the scores of models that an earlier recipe of this run had."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir() and path.name not in models:
            shutil.rmtree(path)
