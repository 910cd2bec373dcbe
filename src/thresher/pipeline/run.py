"""The whole run, stage by stage."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from thresher.dataset.submission import write_submission
from thresher.dataset.table import Dataset
from thresher.files import digest, write_json, write_text
from thresher.pipeline.collect import collect, jobs_of
from thresher.pipeline.features import Features
from thresher.pipeline.fit import fit, jobs_at_a_time
from thresher.pipeline.forecast import Forecast, forecast
from thresher.pipeline.job import Bench
from thresher.pipeline.photos import check_photos, deal_folds, fold_numbers
from thresher.pipeline.resolve import resolve
from thresher.pipeline.workspace import Workspace, open_workspace
from thresher.predictions import Predictions
from thresher.progress import SILENT, Progress
from thresher.recipe.loader import dump, load
from thresher.recipe.schema import Recipe
from thresher.run_folder import RunFolder
from thresher.training.harness import Harness


def run(
    dataset: Dataset,
    recipe: Recipe,
    out: str | Path,
    *,
    sample: str | Path | None = None,
    fresh: bool = False,
    progress: Progress = SILENT,
) -> RunFolder:
    """Runs a recipe on a data set, or continues where an earlier call stopped.

    Photos -> fingerprint -> folds -> jobs (model x seed x fold) -> OOF and test scores -> ensemble -> metrics -> report
    -> submission. The same data, recipe and machine give the same ``predictions/oof.parquet`` bit for bit, whether or
    not the run was interrupted.

    Args:
        dataset: photos and labels; rows of the split ``test`` are only predicted.
        recipe: what to do.
        out: the run folder, made if it is not there.
        sample: a sample submission whose columns and order ``submission.csv`` takes.
        fresh: start anew; an earlier run is kept beside the folder.
        progress: told of stages and photos.

    Returns:
        the names of all files of the run.

    Raises:
        DataError: nothing can be learned from these photos.
        LeakError: a group stands in two folds.
        WeightsError: pretrained weights cannot be had.
        RunError: the folder is in use or cannot be written.
    """
    harness = Harness()
    with open_workspace(out, fresh, writes=harness.rank == 0) as space:
        if harness.rank:
            progress = SILENT
        bench, predicted = _prepare(dataset, recipe, space, harness, progress)
        for note in bench.dataset.notes:
            progress.say(note)
        jobs = jobs_of(bench, fold_numbers(bench.folds))
        progress.say(predicted.sentence())
        space.event("forecast", seconds=predicted.seconds)
        with space.stage("fit"):
            fit(bench, jobs)
        if harness.rank == 0:
            _finish(bench, space, predicted, sample, progress)
        harness.wait()
    return space.run


def _prepare(
    dataset: Dataset, recipe: Recipe, space: Workspace, harness: Harness, progress: Progress
) -> tuple[Bench, Forecast]:
    """Everything before the jobs. Several processes do it one after the other: the later ones find it done."""
    first = harness.rank == 0
    if not first:
        harness.wait()
    run_folder = space.run
    with space.stage("photos"):
        checked, cache, mark = check_photos(dataset, recipe, run_folder, progress, writes=first)
    with space.stage("folds"):
        folds, groups = deal_folds(checked, recipe, run_folder, writes=first)
    with space.stage("measure"):
        features = run_folder.features
        stored = load(str(run_folder.recipe)) if run_folder.recipe.is_file() else None
        resolved = resolve(recipe, stored, len(checked.classes), harness, features / "graphs", progress)
        if resolved.training.jobs is None:
            folds_and_seeds = len(fold_numbers(folds)) * sum(
                len(model.seeds) for model in resolved.models.values()
            )
            at_a_time = jobs_at_a_time(resolved, harness, folds_and_seeds)
            resolved = resolved.model_copy(
                update={"training": resolved.training.model_copy(update={"jobs": at_a_time})}
            )
        if first:
            write_text(run_folder.recipe, dump(resolved))
        pixels = digest([list(checked.frame["content"]), cache.side])
        store = Features(
            cache,
            np.flatnonzero(checked.usable),
            features,
            resolved.images.fit,
            pixels,
            harness.device,
            progress,
        )
        bench = Bench(run_folder, resolved, checked, cache, folds, groups, mark, store, harness, progress)
        predicted = forecast(bench, jobs_of(bench, fold_numbers(folds))) if first else Forecast()
    if first:
        harness.wait()
    return bench, predicted


def _finish(
    bench: Bench, space: Workspace, predicted: Forecast, sample: str | Path | None, progress: Progress
) -> None:
    """Scores, ensemble, metrics, submission, report."""
    with space.stage("scores"):
        metrics = collect(bench, fold_numbers(bench.folds))
    dataset = bench.dataset
    metrics["photos"] = {
        "train": int(dataset.labelled.sum()),
        "unlabelled": int((~dataset.labelled & ~dataset.is_test).sum()),
        "test": int(dataset.is_test.sum()),
        "broken": int((~dataset.usable).sum()),
    }
    metrics["speed"] = speed(bench, predicted)
    metrics["seconds"] = space.seconds()
    write_json(bench.run.metrics, metrics)
    if dataset.is_test.any():
        test = Predictions.load(bench.run.predictions("test"))
        left = write_submission(
            test, sample, bench.run.submission, partial=bench.recipe.data.limit is not None
        )
        if left:
            progress.say(
                f"{len(left)} test photos are not in the sample submission and were left out of submission.csv"
            )
    from thresher.report import write_report

    with space.stage("report"):
        write_report(bench.run)


def speed(bench: Bench, predicted: Forecast) -> dict[str, Any]:
    """How fast each model trained, and as a share of the same step on a batch that lies in memory."""
    result: dict[str, Any] = {}
    for name, rates in predicted.step_rate.items():
        tables = [
            pd.read_parquet(path)
            for path in sorted((bench.run.root / "jobs" / name).glob("*/*/history.parquet"))
        ]
        history = pd.concat(tables)
        for number, rate in rates.items():
            epochs = history[history["stage"] == number]
            if len(epochs):
                reached = float(epochs["photos_per_second"].median())
                entry = {"photos_per_second": reached, "in_memory": rate, "share": reached / rate}
                result[f"{name} stage {number + 1}"] = entry
    return result
