"""Numbers of photos in a run that is not begun: from the table, as if every photo could be read."""

import json
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from thresher.dataset.table import VALID, Dataset
from thresher.folds.base import Labelled
from thresher.inference.views.base import View
from thresher.pipeline.bench import Job, Plan, fold_numbers, jobs_of, scores_others
from thresher.pipeline.forecast import ensemble_seconds
from thresher.recipe.part import build
from thresher.recipe.schema import ModelSection, Recipe, TrainStage
from thresher.sampling.base import Candidates
from thresher.seeds import generator


@dataclass
class Table:
    """What is counted of a data set, once for all recipes."""

    dataset: Dataset
    dealt: dict[str, np.ndarray] = field(default_factory=dict)
    ensembles: dict[str, float] = field(default_factory=dict)

    def ensemble(self, recipe: Recipe, folds: int) -> float:
        """Seconds in which the recipe's ensemble is fitted; timed once for each number of models."""
        key = json.dumps([recipe.ensemble["name"], len(recipe.models), folds])
        if key not in self.ensembles:
            given = int(self.dataset.labelled.sum()), len(self.dataset.classes), folds
            self.ensembles[key] = ensemble_seconds(recipe, *given)
        return self.ensembles[key]

    def folds(self, recipe: Recipe) -> np.ndarray:
        """The fold of each labelled row (n,) or (n, R), as the rule deals them without knowing of copies."""
        key = json.dumps([recipe.folds, recipe.seed])
        if key not in self.dealt:
            self.dealt[key] = self._deal(recipe)
        return self.dealt[key]

    def _deal(self, recipe: Recipe) -> np.ndarray:
        frame, rows = self.dataset.frame, np.flatnonzero(self.dataset.labelled)
        held = (frame["split"] == VALID).to_numpy()[rows]
        if held.any():
            return np.where(held, 0, -1)
        group = frame["group"].iloc[rows].reset_index(drop=True)
        sources = frame["source"].to_numpy(dtype=object)[rows]
        photos = Labelled(
            self.dataset.ids[rows],
            self.dataset.targets[rows],
            group if group.notna().any() else None,
            sources if pd.notna(sources).any() else None,
            bool(group.notna().any()),
        )
        return np.asarray(build("folds", recipe.folds).deal(photos, recipe.seed))


class Counts:
    """The numbers for one recipe; see `thresher.pipeline.expected.Amounts`."""

    def __init__(self, table: Table, recipe: Recipe) -> None:
        self.dataset, self.recipe, self.folds = table.dataset, recipe, table.folds(recipe)
        self.rows = np.flatnonzero(self.dataset.labelled)

    @property
    def readable(self) -> int:
        """See `Amounts.readable`."""
        return len(self.dataset)

    @property
    def classes(self) -> int:
        """See `Amounts.classes`."""
        return len(self.dataset.classes)

    @property
    def plan(self) -> Plan:
        """All jobs, none of them begun."""
        return [(job, "fit") for job in jobs_of(self.recipe, fold_numbers(self.folds))]

    def training(self, fold: int) -> int:
        """See `Amounts.training`."""
        return len(self.rows) - self.held(fold)

    def held(self, fold: int) -> int:
        """See `Amounts.held`."""
        return int(self._inside(fold).sum())

    def asked(self, job: Job) -> int:
        """See `Amounts.asked`."""
        return len(self.dataset) - len(self.rows) if scores_others(self.recipe, job) else 0

    def shown(self, fold: int, stage: TrainStage) -> int:
        """See `Amounts.shown`."""
        if stage.sampling["name"] == "all":
            return self.training(fold)
        rows = self.rows[~self._inside(fold)]
        sources = self.dataset.frame["source"]
        known = sources.to_numpy(dtype=object)[rows] if sources.notna().any() else None
        candidates = Candidates(rows, self.dataset.targets[rows], self.dataset.classes, known)
        return len(build("sampling", stage.sampling)(candidates, generator(0, "forecast")))

    def pending(self, section: ModelSection, view: View) -> str:
        """See `Amounts.pending`."""
        keys = {"backbone", "weights", "image_size", "pooling", "tiles", "power"}
        return str([section.model_dump(include=keys), view.key])

    def _inside(self, fold: int) -> np.ndarray:
        inside = self.folds == fold
        return np.asarray(inside.any(axis=1) if inside.ndim > 1 else inside)
