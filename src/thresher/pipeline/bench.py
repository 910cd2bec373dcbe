"""What the jobs of a run share, which jobs there are, and what is left of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from thresher.dataset.table import Dataset
from thresher.files import digest, read_json
from thresher.images.cache import PhotoCache
from thresher.pipeline.features import Features
from thresher.progress import Progress
from thresher.recipe.schema import Recipe
from thresher.run_folder import RunFolder
from thresher.training.harness import Harness

FORMAT = 1
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
        folds: fold of each row (N,), -1 where it is never held out.
        groups: group code of each row (N,), or None.
        fingerprint: of the data set.
        features: of frozen backbones.
        harness: device and processes.
        progress: told of everything.
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

    @cached_property
    def data_key(self) -> list[str | int]:
        """Names the photos, how they are kept, and the folds."""
        return [self.fingerprint, self.cache.side, self.recipe.images.fit, digest(self.folds)]

    @property
    def fold_numbers(self) -> list[int]:
        """The folds that are scored, in order."""
        return fold_numbers(self.folds)

    def training(self, fold: int) -> np.ndarray:
        """The rows that the models of a fold learn from (n,): labelled, readable, outside the fold."""
        return np.flatnonzero(self.dataset.labelled & self.dataset.usable & (self.folds != fold))

    def held(self, fold: int) -> np.ndarray:
        """The rows of a fold (n,): labelled, readable or not."""
        return np.flatnonzero(self.dataset.labelled & (self.folds == fold))

    @property
    def others(self) -> np.ndarray:
        """The rows that every job scores (n,): test photos, and photos without a label."""
        return np.flatnonzero(~self.dataset.labelled)


@dataclass(frozen=True)
class Job:
    """Which model, which seed, which fold."""

    model: str
    seed: int
    fold: int


Plan = Sequence[tuple[Job, Left]]
"""Jobs, and what is left of each."""


def fold_numbers(folds: np.ndarray) -> list[int]:
    """The folds that are scored, in order, from the fold of each row (N,)."""
    return sorted(int(fold) for fold in np.unique(folds) if fold >= 0)


def jobs_of(recipe: Recipe, folds: list[int]) -> list[Job]:
    """All jobs of a run: model by model, seed by seed, fold by fold."""
    return [
        Job(name, seed, fold)
        for name, section in recipe.models.items()
        for seed in section.seeds
        for fold in folds
    ]


def job_keys(bench: Bench, job: Job) -> tuple[str, str]:
    """What the weights depend on, and what the scores depend on."""
    section = bench.recipe.models[job.model]
    plain = section.model_dump(exclude={"views", "seeds", "weights"})
    weights = bench.features.weights_digest(section)
    fit_key = digest([FORMAT, plain, weights, bench.data_key, bench.recipe.seed, job.seed, job.fold])
    return fit_key, digest([fit_key, section.model_dump(include={"views"})])


def left(bench: Bench, job: Job) -> Left:
    """What of a job is not in its folder yet."""
    path = bench.run.job(job.model, job.seed, job.fold) / "job.json"
    done = read_json(path) if path.is_file() else {}
    fit_key, key = job_keys(bench, job)
    if done.get("key") == key:
        return "nothing"
    return "score" if done.get("fit_key") == fit_key else "fit"
