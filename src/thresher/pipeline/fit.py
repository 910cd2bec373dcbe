"""The stage that does the jobs: one after the other, or several at a time on the cores of a CPU."""

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from thresher.execution.local import work_through
from thresher.pipeline.forecast import threads_per_job
from thresher.pipeline.job import Bench, Job, finished, run_job
from thresher.pipeline.score import is_linear
from thresher.progress import SILENT, Progress
from thresher.recipe.schema import Recipe
from thresher.training.harness import Harness

GIGABYTES = 3.0
"""Memory that one training job is reckoned to need."""


def jobs_at_a_time(recipe: Recipe, harness: Harness, jobs: int) -> int:
    """How many training jobs share this machine: on a CPU one per core, as far as memory goes, else one.

    Two jobs with one thread each train 1.4 times as many photos a second as one job with two threads.
    """
    if harness.device.type != "cpu" or harness.processes > 1:
        return 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9 if hasattr(os, "sysconf") else 8.0
    return max(1, min(os.cpu_count() or 1, jobs, int(memory * 0.7 / GIGABYTES)))


def fit(bench: Bench, jobs: list[Job]) -> None:
    """Does all jobs that are not done yet."""
    todo = [job for job in jobs if not finished(bench, job)]
    trained = [job for job in todo if not is_linear(bench.recipe.models[job.model])]
    at_a_time = bench.recipe.training.jobs or 1
    if at_a_time > 1 and len(trained) > 0:
        for job in todo:
            if job not in trained:
                run_job(bench, job)
        _compute_features(bench, trained)
        threads = threads_per_job(bench)
        photos = int((bench.dataset.labelled & bench.dataset.usable).sum())
        epochs = sum(
            stage.epochs
            for job in trained
            for stage in bench.recipe.models[job.model].stages
            if stage.kind == "train"
        )
        folds = max(2, len({job.fold for job in jobs}))
        bench.progress.start("training", round(epochs * photos * (1 - 1 / folds)))
        work_through(trained, _begin, replace(bench, progress=SILENT), at_a_time, threads, bench.progress)
        bench.progress.finish()
        return
    for job in todo:
        run_job(bench, job)


def _compute_features(bench: Bench, jobs: list[Job]) -> None:
    """Features of linear stages, once, before several processes want them."""
    for name in dict.fromkeys(job.model for job in jobs):
        section = bench.recipe.models[name]
        for stage in section.stages:
            for view in stage.views if stage.kind == "linear" else ():
                bench.features.view(section, view)


def _begin(bench: Bench, progress: Progress) -> Callable[[Job], None]:
    """In a process of its own: what does one job."""
    return partial(run_job, replace(bench, progress=progress))
