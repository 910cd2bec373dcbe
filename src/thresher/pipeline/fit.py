"""The stage that does the jobs: one after the other, or several at a time on the cores of a CPU."""

import os
from collections.abc import Callable
from dataclasses import replace

import torch

from thresher.execution.local import work_through
from thresher.pipeline.bench import ALL, Bench, Job, Left, Plan, depth
from thresher.pipeline.frozen import frozen_views
from thresher.pipeline.job import run_job
from thresher.pipeline.score import is_linear
from thresher.pipeline.workspace import Workspace
from thresher.progress import SILENT, Progress
from thresher.recipe.schema import Recipe
from thresher.training.harness import Harness

GIGABYTES = 3.0
"""Memory that one training job is reckoned to need."""


def resolve_jobs(recipe: Recipe, stored: Recipe | None, harness: Harness, folds: int) -> Recipe:
    """Decides how many training jobs share this machine, unless the recipe or an earlier call did.

    On a CPU one per thread, as far as memory goes, else one: two jobs with one thread each train 1.4 times as
    many photos a second as one job with two threads.
    """
    seeds = [len(section.seeds) for section in recipe.models.values() if not is_linear(section)]
    if recipe.training.jobs is not None or not seeds:
        return recipe
    jobs = stored.training.jobs if stored else None
    if jobs is None:
        jobs = 1
        if harness.device.type == "cpu" and harness.processes == 1:
            jobs = max(1, min(torch.get_num_threads(), folds * sum(seeds), int(_memory() * 0.7 / GIGABYTES)))
    return recipe.model_copy(update={"training": recipe.training.model_copy(update={"jobs": jobs})})


def threads_each(jobs: int) -> int:
    """Threads of one of several jobs that share this machine."""
    return max(1, torch.get_num_threads() // jobs)


def fit(bench: Bench, plan: Plan, space: Workspace) -> None:
    """Does all that is left of the jobs; trained models come last, for they may go several at a time."""
    for level in sorted({depth(bench.recipe, job.model) for job, _ in plan}):
        _fit(bench, [item for item in plan if depth(bench.recipe, item[0].model) == level], space)


def _fit(bench: Bench, plan: Plan, space: Workspace) -> None:
    """The jobs of models that do not start from each other."""
    todo = [(job, left) for job, left in plan if left != "nothing"]
    at_a_time = bench.recipe.training.jobs or 1
    linear = {name for name, section in bench.recipe.models.items() if is_linear(section)}
    together = [item for item in todo if at_a_time > 1 and item[0].model not in linear]
    alone = [item for item in todo if item not in together]
    if alone:
        bench.progress.start("jobs", len(alone), "jobs")
        for job, left in alone:
            bench.progress.start(_name(bench, job))
            with space.stage("fit", model=job.model, seed=job.seed, fold=job.fold):
                run_job(bench, job, left)
            bench.progress.finish()
            bench.progress.advance()
        bench.progress.finish()
    if together:
        with space.stage("fit", jobs=len(together)):
            _fit_together(bench, together, at_a_time)


def _fit_together(bench: Bench, todo: Plan, at_a_time: int) -> None:
    """Several jobs at a time, each in a process of its own."""
    for name in dict.fromkeys(job.model for job, left in todo if left == "fit"):
        for section, view in frozen_views(bench.recipe, name):  # once, before several processes want them
            bench.features.view(section, view)
    photos = sum(_photos(bench, job, left) for job, left in todo)
    bench.progress.start(f"{len(todo)} training jobs, {at_a_time} at a time", photos)
    shared = replace(bench, progress=SILENT)
    work_through(todo, _begin, shared, at_a_time, threads_each(at_a_time), bench.progress)
    bench.progress.finish()


def _begin(bench: Bench, progress: Progress) -> Callable[[tuple[Job, Left]], None]:
    """In a process of its own: what does one job."""
    told = replace(bench, progress=progress)
    return lambda item: run_job(told, *item)


def _photos(bench: Bench, job: Job, left: Left) -> int:
    """Photos that a job is told to have passed: those of all epochs, and those that it scores."""
    stages = bench.recipe.models[job.model].stages if left == "fit" else ()
    epochs = sum(stage.epochs for stage in stages if stage.kind == "train")
    scored = int(
        bench.dataset.usable[bench.held(job.fold)].sum() + bench.dataset.usable[bench.asked(job)].sum()
    )
    return epochs * len(bench.training(job.fold)) + scored


def _name(bench: Bench, job: Job) -> str:
    """``lite0, seed 1, fold 2 of 5``."""
    seed = f", seed {job.seed}" if len(bench.recipe.models[job.model].seeds) > 1 else ""
    fold = "all photos" if job.fold == ALL else f"fold {job.fold + 1} of {len(bench.fold_numbers)}"
    return f"{job.model}{seed}, {fold}"


def _memory() -> float:
    """Gigabytes of this machine; a guess where the system does not say."""
    names = ("SC_PAGE_SIZE", "SC_PHYS_PAGES")
    page, pages = (os.sysconf(name) if hasattr(os, "sysconf") else 0 for name in names)
    return page * pages / 1e9 or 8.0
