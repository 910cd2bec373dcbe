"""The whole run, stage by stage."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from thresher.dataset.corrections import Corrections
from thresher.dataset.submission import write_submission
from thresher.dataset.table import Dataset
from thresher.files import digest, write_json, write_text
from thresher.pipeline.audit import corrected_scores, keep_corrections, keep_trail, open_corrections
from thresher.pipeline.bench import Bench, Plan, fold_numbers, job_keys, jobs_of, left
from thresher.pipeline.collect import collect
from thresher.pipeline.copies import find_copies, needs_features
from thresher.pipeline.environment import environment
from thresher.pipeline.features import Features
from thresher.pipeline.fit import fit, resolve_jobs
from thresher.pipeline.folds import deal_folds
from thresher.pipeline.forecast import forecast
from thresher.pipeline.leak import count_leak, measure_leak, say_leak, say_measured
from thresher.pipeline.photos import check_photos
from thresher.pipeline.repair import check_scores
from thresher.pipeline.resolve import resolve
from thresher.pipeline.reuse import reuse
from thresher.pipeline.survey import survey_run
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
    corrections: str | Path | pd.DataFrame | None = None,
    fresh: bool = False,
    beside: Sequence[RunFolder] = (),
    progress: Progress = SILENT,
) -> RunFolder:
    """Runs a recipe on a data set, or continues where an earlier call stopped.

    Photos -> fingerprint -> folds -> jobs (model x seed x fold) -> OOF and test scores -> ensemble -> metrics
    -> submission -> report. The same data, recipe and machine give the same ``predictions/oof.parquet`` bit
    for bit, whether or not the run was interrupted. A finished run that is given again is left as it is.

    Args:
        dataset: photos and labels; rows of the split ``test`` are only predicted.
        recipe: what to do.
        out: the run folder, made if it is not there.
        sample: a sample submission whose columns and order ``submission.csv`` takes.
        corrections: what the training photos are taught instead of their given labels, by which they are
            scored all the same; see `thresher.dataset.corrections.read_corrections`.
        fresh: start anew; an earlier run is kept beside the folder.
        beside: runs on the same photos whose jobs are taken over where they are equal; of the first one also
            the features, and what was measured on this machine.
        progress: told of stages and photos.

    Returns:
        the names of all files of the run.

    Raises:
        DataError: nothing can be learned from these photos, or the corrections are not theirs.
        LeakError: a group stands in two folds.
        WeightsError: pretrained weights cannot be had.
        RunError: the folder is in use or cannot be written.
    """
    harness = Harness()
    first = harness.rank == 0
    if not first:
        progress = SILENT
    # Before the folder is touched: they may lie in it, and `fresh` puts it aside.
    given = None if corrections is None else open_corrections(corrections, dataset, recipe)
    with open_workspace(out, fresh, writes=first) as space:
        # Several processes: the first does all this, then the others find it done.
        if not first:
            harness.wait()
        known = None if given is None else given[0]
        bench, told = _prepare(dataset, recipe, known, space, harness, progress, beside)
        if first:
            reuse(bench, beside)
        plan = _plan(bench)
        mark = _mark(bench, plan, sample)
        finished = first and _is_finished(bench, space, mark)
        if first:
            for note in [*bench.dataset.notes, *(given[1] if given else ()), say_leak(bench)]:
                if note:
                    progress.say(note)
            if finished:
                progress.say("nothing is left to do: this run is finished (--fresh starts anew)")
            else:
                keep_corrections(bench)
                write_json(space.run.environment, environment())
                if not told:
                    _forecast(bench, plan, space)
            harness.wait()
        harness.wait()  # nobody writes before all have seen what is left
        fit(bench, plan, space)
        if first and not finished:
            _finish(bench, space, sample)
            space.event("finished", mark=mark, recipe=digest(bench.run.recipe.read_text(encoding="utf-8")))
        harness.wait()
    return space.run


def _prepare(
    dataset: Dataset,
    recipe: Recipe,
    corrections: Corrections | None,
    space: Workspace,
    harness: Harness,
    progress: Progress,
    beside: Sequence[RunFolder],
) -> tuple[Bench, bool]:
    """Photos, what the recipe leaves to the machine, copies, folds; and whether the forecast was said."""
    first, folder = harness.rank == 0, space.run
    with space.stage("photos"):
        checked, cache, mark = check_photos(dataset, recipe, folder, progress, writes=first)
    with space.stage("folds"):  # what is wrong with them is said before anything long
        alone = not recipe.folds["near_duplicates"]
        dealt = deal_folds(checked, recipe, folder, writes=first and alone)
    with space.stage("measure"):
        known = [one.recipe for one in (folder, *beside[:1]) if one.recipe.is_file()]
        stored = load(str(known[0])) if known else None
        graphs = folder.features / "graphs"
        resolved = resolve(recipe, stored, len(checked.classes), harness, graphs, progress)
        resolved = resolve_jobs(resolved, stored, harness, len(fold_numbers(dealt.folds)))
        if first:
            write_text(folder.recipe, dump(resolved))
    usable = np.flatnonzero(checked.usable)
    shared = (beside[0] if beside else folder).features
    features = Features(cache, usable, shared, resolved.images.fit, harness.device, progress)
    given = (mark, features, harness, progress, corrections)
    bench = Bench(folder, resolved, checked, cache, dealt.folds, dealt.groups, *given)
    check_scores(bench)
    if alone:
        folder.duplicates.unlink(missing_ok=True)
        return bench, False
    early = first and needs_features(bench, beside)
    if early:
        _forecast(bench, _plan(bench), space)
    clusters = find_copies(bench, space, beside)
    with space.stage("folds"):
        dealt = deal_folds(checked, resolved, folder, first, clusters)
    folds, groups, leaky = dealt.folds, dealt.groups, dealt.leaky
    return replace(bench, folds=folds, groups=groups, leaky=leaky, clusters=clusters), early


def _plan(bench: Bench) -> Plan:
    """All jobs, and what is left of each."""
    return [(job, left(bench, job)) for job in jobs_of(bench.recipe, bench.fold_numbers)]


def _forecast(bench: Bench, plan: Plan, space: Workspace) -> None:
    """Says how long it will take, before anything long."""
    if all(todo == "nothing" for _, todo in plan):
        return
    with space.stage("measure"):
        expected = forecast(bench, plan)
    begun = space.begun if bench.progress.begun is None else bench.progress.begun
    expected.past = time.perf_counter() - begun
    bench.progress.say(expected.sentence())
    told = {"seconds": expected.seconds, "past": expected.past, "whole": expected.whole}
    space.event("forecast", **told, step_rate=expected.step_rate)


def _finish(bench: Bench, space: Workspace, sample: str | Path | None) -> None:
    """Scores, ensemble, metrics, submission, report."""
    with space.stage("scores"):
        metrics = collect(bench) | keep_trail(bench)
        if bench.corrections is not None:
            oof = Predictions.load(bench.run.predictions("oof"))
            metrics["corrections"] = bench.corrections.counts
            metrics["oof_corrected"] = corrected_scores(bench, oof)
    dataset, folder = bench.dataset, bench.run
    metrics["photos"] = {
        "train": int(dataset.labelled.sum()),
        "unlabelled": int((~dataset.labelled & ~dataset.is_test).sum()),
        "test": int(dataset.is_test.sum()),
        "broken": int((~dataset.usable).sum()),
    }
    if bench.clusters is not None:
        metrics["leak"] = dict(count_leak(bench))
        if bench.recipe.folds["report_leak"]:
            with space.stage("leak"):
                measured = measure_leak(bench)
            metrics["leak"] |= measured
            bench.progress.say(say_measured(measured))
    with space.stage("inspect"):
        metrics |= survey_run(bench)
    metrics["speed"] = speed(bench, space)
    metrics["seconds"] = space.seconds()
    write_json(folder.metrics, metrics)
    if dataset.is_test.any():
        test = Predictions.load(folder.predictions("test"))
        partial = bench.recipe.data.limit is not None
        unasked = write_submission(test, sample, folder.submission, partial=partial)
        if unasked:
            bench.progress.say(
                f"{len(unasked):,} test photos are not in the sample submission; submission.csv lacks them"
            )
    else:
        folder.submission.unlink(missing_ok=True)
    from thresher.report import write_report

    with space.stage("report"):
        write_report(folder)


def speed(bench: Bench, space: Workspace) -> dict[str, Any]:
    """How fast each model trained, and as a share of the same step on a batch that lies in memory."""
    rates: dict[str, dict[str, float]] = {}
    for event in space.events("forecast"):
        rates |= {name: found for name, found in event.get("step_rate", {}).items() if found}
    result: dict[str, Any] = {}
    for name, section in bench.recipe.models.items():
        jobs = [job for job in jobs_of(bench.recipe, bench.fold_numbers) if job.model == name]
        paths = [bench.run.job(job.model, job.seed, job.fold) / "history.parquet" for job in jobs]
        tables = [pd.read_parquet(path) for path in paths if path.is_file()]
        for number in range(len(section.stages) if tables else 0):
            reached = [one.loc[one["stage"] == number, "photos_per_second"] for one in tables]
            rate = rates.get(name, {}).get(str(number))
            if rate and any(len(one) for one in reached):
                median = float(pd.concat(reached).median())
                entry = {"photos_per_second": median, "in_memory": rate, "share": median / rate}
                result[f"{name} stage {number + 1}"] = entry
    return result


def _mark(bench: Bench, plan: Plan, sample: str | Path | None) -> str:
    """Names everything that the files of a finished run depend on."""
    keys = [job_keys(bench, job)[1] for job, _ in plan]
    asked = None if sample is None else Path(sample).read_bytes().hex()
    paths = list(bench.dataset.frame["path"])
    parts = [dump(bench.recipe), keys, asked, paths]
    if bench.corrections is not None:
        parts.append(bench.corrections.table.to_numpy().tolist())
    return digest(parts)


def _is_finished(bench: Bench, space: Workspace, mark: str) -> bool:
    """Whether an earlier call finished exactly this, and its files are still there."""
    folder = bench.run
    files = [folder.environment, folder.metrics, folder.report, folder.predictions("oof")]
    files += [folder.predictions("oof", name) for name in bench.recipe.models]
    if bench.corrections is not None:
        files.append(folder.corrections_used)
    if bench.dataset.is_test.any():
        files += [folder.predictions("test"), folder.submission]
    ended = space.events("finished")
    return bool(ended) and ended[-1]["mark"] == mark and all(file.is_file() for file in files)
