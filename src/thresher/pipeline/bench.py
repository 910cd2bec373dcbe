"""What the jobs of a run share, which jobs there are, and what is left of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from thresher.dataset.corrections import Corrections
from thresher.dataset.table import Dataset
from thresher.dataset.teaching import Teaching
from thresher.files import digest, read_json
from thresher.images.cache import PhotoCache
from thresher.pipeline.features import Features
from thresher.progress import Progress
from thresher.recipe.repairs import sources_of
from thresher.recipe.schema import ModelSection, Recipe
from thresher.run_folder import RunFolder
from thresher.training.harness import Harness

ALL = -2
"""The "fold" of a job that learns from all labelled photos and is scored on none."""

FORMAT = 2
"""Raised when the same recipe would give other weights than before."""

Left = Literal["fit", "score", "nothing"]
"""What a job still needs; fitting is followed by scoring."""


@dataclass(frozen=True)
class Bench:
    """All that the jobs of a run share.

    Attributes:
        run: the folder.
        recipe: resolved.
        dataset: with the final status of its photos.
        cache: photos by row.
        folds: folds of each row (N, R), -1 where it is never held out; R is 1 unless folds are repeated. No
            number stands in two columns.
        groups: group code of each row (N,), or None.
        fingerprint: of the data set.
        features: of frozen backbones.
        harness: device and processes.
        progress: told of everything.
        corrections: of labels, or None.
        clusters: cluster of copies of each row (N,), -1 for none; None where they were not looked for.
        leaky: folds (N, R) that part near copies; None where these are the folds.
    """

    run: RunFolder
    recipe: Recipe
    dataset: Dataset
    cache: PhotoCache
    folds: np.ndarray
    groups: np.ndarray | None
    fingerprint: str
    features: Features
    harness: Harness
    progress: Progress
    corrections: Corrections | None = None
    clusters: np.ndarray | None = None
    leaky: np.ndarray | None = None

    @cached_property
    def data_key(self) -> list[str | int]:
        """Names the photos, how they are kept, the folds, and what was corrected."""
        known: list[str | int] = [self.fingerprint, self.cache.side]
        known += [self.recipe.images.fit, digest(self.folds)]
        corrected = "" if self.corrections is None else self.corrections.mark
        return [*known, corrected] if corrected else known

    @property
    def fold_numbers(self) -> list[int]:
        """The folds that are scored, in order."""
        return fold_numbers(self.folds)

    def training(self, fold: int) -> np.ndarray:
        """The rows that the models of a fold learn from (n,): labelled, readable, outside the fold."""
        return np.flatnonzero(self.dataset.labelled & self.dataset.usable & ~self._inside(fold))

    def teaching(self, rows: np.ndarray) -> Teaching:
        """What training rows (n,) teach before any stage: their given labels, or corrected ones."""
        if self.corrections is None:
            return Teaching.of(self.dataset.targets[rows])
        return self.corrections.teaching(self.dataset, rows)

    def held(self, fold: int) -> np.ndarray:
        """The rows of a fold (n,): labelled, readable or not."""
        return np.flatnonzero(self.dataset.labelled & self._inside(fold))

    def _inside(self, fold: int) -> np.ndarray:
        """Whether each row (N,) is in a fold."""
        inside: np.ndarray = (self.folds == fold).any(axis=1)
        return inside

    @property
    def others(self) -> np.ndarray:
        """Rows that no fold holds (n,): test photos, and photos without a label."""
        return np.flatnonzero(~self.dataset.labelled)

    def asked(self, job: "Job") -> np.ndarray:
        """The rows among `others` that a job scores (n,): all, or none where another one does it."""
        return self.others if scores_others(self.recipe, job) else self.others[:0]


@dataclass(frozen=True)
class Job:
    """Which model, which seed, which fold."""

    model: str
    seed: int
    fold: int


Plan = Sequence[tuple[Job, Left]]
"""Jobs, and what is left of each."""


def fold_numbers(folds: np.ndarray) -> list[int]:
    """The folds that are scored, in order, from the folds of each row, of any shape."""
    return sorted(int(fold) for fold in np.unique(folds) if fold >= 0)


def jobs_of(recipe: Recipe, folds: list[int]) -> list[Job]:
    """All jobs: model by model (each after those that it needs), seed by seed, fold by fold."""
    return [
        Job(name, seed, fold)
        for name in sorted(recipe.models, key=lambda name: depth(recipe, name))
        for seed in recipe.models[name].seeds
        for fold in folds + ([ALL] if needs_all(recipe, name) else [])
    ]


def depth(recipe: Recipe, name: str) -> int:
    """How many models must be trained before this one, one after the other."""
    return max((1 + depth(recipe, source) for source in sources_of(recipe.models[name]).values()), default=0)


def needs_all(recipe: Recipe, name: str) -> bool:
    """Whether a model has a job that learns from all photos: its own wish, or of one that starts from it."""
    return recipe.models[name].final != "folds" or any(
        other.starts_from == name and needs_all(recipe, user) for user, other in recipe.models.items()
    )


def scores_others(recipe: Recipe, job: Job) -> bool:
    """Whether a job scores the photos that no fold holds."""
    return recipe.models[job.model].final in (("all", "both") if job.fold == ALL else ("folds", "both"))


def scored_by(section: ModelSection) -> list[str]:
    """The models whose out-of-fold scores judge the labels that a model learns from."""
    return [stage.scores for stage in section.stages if stage.kind == "repair" and stage.scores is not None]


def job_keys(bench: Bench, job: Job) -> tuple[str, str]:
    """What the weights depend on, and what the scores depend on."""
    section = bench.recipe.models[job.model]
    plain = section.model_dump(exclude={"views", "combine", "final", "seeds", "weights"})
    if section.starts_from is None:
        start = bench.features.weights_digest(section)
    else:
        start = job_keys(bench, Job(section.starts_from, job.seed, job.fold))[0]
    parts = [FORMAT, plain, start, bench.data_key, bench.recipe.seed, job.seed, job.fold]
    for name in scored_by(section):  # all jobs of that model score this one's training photos
        seeds = bench.recipe.models[name].seeds
        jobs = [Job(name, seed, fold) for seed in seeds for fold in bench.fold_numbers]
        parts.append([job_keys(bench, one)[1] for one in jobs])
    fit_key = digest(parts)
    asked = section.model_dump(include={"views", "combine"})
    return fit_key, digest([fit_key, asked, scores_others(bench.recipe, job)])


def left(bench: Bench, job: Job) -> Left:
    """What of a job is not in its folder yet."""
    path = bench.run.job(job.model, job.seed, job.fold) / "job.json"
    done = read_json(path) if path.is_file() else {}
    fit_key, key = job_keys(bench, job)
    if done.get("key") == key:
        return "nothing"
    return "score" if done.get("fit_key") == fit_key else "fit"
