"""The state of a budget: what is known, what is left, what to buy next."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from thresher.files import read_json, write_text
from thresher.pipeline.budget.clock import Clock
from thresher.pipeline.budget.cost import Photos, seconds_of, training_share
from thresher.pipeline.budget.diary import Diary, Entry
from thresher.pipeline.budget.machine import Machine
from thresher.pipeline.budget.menu import (
    Known,
    Step,
    best_plan,
    first_steps,
    next_steps,
)
from thresher.pipeline.budget.sections import Settled, Tuned
from thresher.pipeline.workspace import Workspace
from thresher.recipe.loader import dump, load
from thresher.recipe.schema import ModelSection, Recipe
from thresher.run_folder import RunFolder

CARE = 1.12
"""A forecast is taken times this: work that is cut off is lost until there is more time."""
EARLY = 0.42
"""Share of the time in which the first step must be thought to end."""
ENSEMBLE = {
    "name": "auto",
    "metric": "log_loss",
    "among": [{"name": "mean"}, {"name": "simplex"}],
}
"""The plain mean, unless weights of lowest log-loss are better by more than luck; scored nested."""
WORK = ("fit", "features")
"""Stages of a run that are forecast."""
ONCE = ("duplicates", "measure")
"""Stages that later steps take over from the first one; the rest is what every step costs."""
MEASURE = 2.0
"""Seconds in which a later step measures what only it needs to know."""


@dataclass
class Purse:
    """Chooses steps and knows what they cost.

    Attributes:
        base: the recipe without models that count: data, images, folds, seed.
        space: of the run.
        diary: of the budget.
        clock: of the budget.
        photos: how many, how large.
        machine: how fast, as measured before the first step.
        noise: tells the share of labels that look wrong, from a finished step.
        chosen: the steps that this command chose, by number.
        recipes: of finished steps, by number, as far as they were asked for.
    """

    base: Recipe
    space: Workspace
    diary: Diary
    clock: Clock
    photos: Photos
    machine: Machine
    noise: Callable[[RunFolder], float]
    chosen: dict[int, Step] = field(default_factory=dict)
    recipes: dict[int, Recipe] = field(default_factory=dict)

    @property
    def steps(self) -> Path:
        """Where the steps' runs lie."""
        return self.space.run.steps

    def folder(self, entry: Entry) -> RunFolder:
        """The run of a step."""
        return RunFolder(self.steps / entry.folder)

    @property
    def reserve(self) -> float:
        """Seconds in which the run is ended: its table written, its report drawn anew."""
        last = self.diary.done[-1:]
        stages = Workspace(self.folder(last[0]), writes=False).seconds() if last else {}
        return 1.0 + 1.5 * stages.get("report", 1.0)

    def next(self) -> tuple[Entry, Recipe] | None:
        """The step to take now, or None where none fits; one that was stopped comes first."""
        stopped = self.diary.open
        if stopped is not None:
            # A step that was cut off kept its checkpoints; half of what it was thought to need is the most
            # that is believed to be done.
            remaining = max(stopped.forecast - stopped.seconds, 0.3 * stopped.forecast)
            if remaining <= self.clock.left - self.reserve or self.diary.best is None:
                return stopped, load(str(self.steps / f"{stopped.folder}.yaml"))
        if self.diary.best is None:
            return self._begin(self._first(), {})
        step = self._later()
        return None if step is None else self._begin(step, self.published.models)

    def _first(self) -> Step:
        """The best first step that leaves time for others, else the smallest."""
        left = self.clock.left - self.reserve
        options = [self._priced(step) for step in first_steps(self.photos)]
        for step in options:
            if step.forecast + self.machine.overhead <= EARLY * left:
                return step
        return options[-1]

    def _later(self) -> Step | None:
        """The next step of the best plan for the time that is left."""
        left = (self.clock.left - self.reserve) / CARE
        options = [self._priced(step) for step in next_steps(self.photos, self._known())]
        plan = best_plan(options, left, self.each)
        return plan[0] if plan else None

    def _known(self) -> Known:
        """What the steps so far found."""
        if "noisy" not in self.diary.facts:
            share = self.noise(self.folder(self.diary.done[0]))
            self.diary.note("facts", self.clock.elapsed, facts={"noisy": share})
        tried = {one.name for one in self.diary.steps.values() if one.why != TOO_LONG}
        names = [name.split("@") for name in self.diary.done[0].features]
        sizes = sorted({int(size) for _, size, _ in names})
        return Known(frozenset(tried), float(self.diary.facts["noisy"]), tuple(sizes))

    @property
    def published(self) -> Recipe:
        """The recipe of the run as it stands."""
        assert self.diary.best is not None
        return self._recipe_of(self.diary.best)

    def _recipe_of(self, entry: Entry) -> Recipe:
        """The recipe of a finished step, which nobody changes any more; read once."""
        if entry.number not in self.recipes:
            self.recipes[entry.number] = load(str(self.folder(entry).recipe))
        return self.recipes[entry.number]

    @property
    def each(self) -> float:
        """Seconds that every step costs besides what is forecast for its model, as the last ones did."""
        spans = [Workspace(self.folder(one), writes=False).seconds() for one in self.diary.done[-2:]]
        rest = [sum(seconds for name, seconds in span.items() if name not in WORK + ONCE) for span in spans]
        return MEASURE + max(rest) if rest else self.machine.overhead

    def _priced(self, step: Step) -> Step:
        """A step with its forecast: the machine's speed, corrected by what like steps took."""
        seconds = seconds_of(step.model, self.photos, self.machine, self._features)
        return replace(step, forecast=seconds * self.ratio("tuned" in step.name))

    @property
    def _features(self) -> frozenset[str]:
        """Names of the features that are there."""
        return frozenset().union(*(one.features for one in self.diary.done))

    def ratio(self, tuned: bool) -> float:
        """Seconds of work, as a multiple of what was forecast: of the last step of a kind."""
        return float(self.diary.facts.get("ratio_tuned" if tuned else "ratio_frozen", 1.0))

    def learn(self, entry: Entry) -> None:
        """Corrects forecasts by what a finished step took."""
        if entry.forecast < 1 or entry.resumed:
            return
        spent = Workspace(self.folder(entry), writes=False).seconds()
        work = sum(seconds for name, seconds in spent.items() if name in WORK)
        self.correct(entry, work)

    def correct(self, entry: Entry, seconds: float) -> None:
        """Corrects forecasts by the seconds of a step's work."""
        tuned = "tuned" in entry.name
        found = min(4.0, max(0.25, self.ratio(tuned) * seconds / max(entry.work, 0.5)))
        name = "ratio_tuned" if tuned else "ratio_frozen"
        self.diary.note("facts", self.clock.elapsed, facts={name: round(found, 3)})

    def expected(self, entry: Entry, told: Mapping[str, Any]) -> float:
        """Seconds of a step's work by the speed of training that the step itself measured.

        Args:
            entry: a step that fine-tunes.
            told: its forecast, as its log has it.
        """
        model = self.chosen[entry.number].model
        rate = told.get("step_rate", {}).get(entry.name, {}).get("1")
        if not isinstance(model, Tuned) or not rate:
            return 0.0
        share = training_share(model.backbone, model.size, model.layers)
        machine = replace(self.machine, train=float(rate) * share)
        return seconds_of(model, self.photos, machine, self._features)

    def _settled(self) -> Settled:
        """What the first step measured, for others not to measure it again."""
        if not self.diary.done:
            return Settled(training=self.machine.precision)
        first = next(iter(self._recipe_of(self.diary.done[0]).models.values()))
        return Settled(first.engine, first.precision, self.machine.precision)

    def _begin(self, step: Step, models: Mapping[str, ModelSection]) -> tuple[Entry, Recipe]:
        kept = {name: one for name, one in models.items() if name != step.replaces}
        recipe = self.base.model_copy(
            update={"models": kept | {step.name: step.model.section(self._settled())}}
        )
        ensemble = ENSEMBLE if kept else {"name": "mean"}
        recipe = Recipe.model_validate({**recipe.model_dump(), "ensemble": ensemble})
        number = max(self.diary.steps, default=0) + 1
        folder = f"{number:02d}-{step.name}"
        write_text(self.steps / f"{folder}.yaml", dump(recipe))
        total = step.forecast + self.each
        self.diary.note(
            "begin",
            self.clock.elapsed,
            number=number,
            name=step.name,
            folder=folder,
            models=list(recipe.models),
            forecast=round(total, 1),
            work=round(step.forecast, 1),
            features=sorted(step.model.features),
            gain=round(step.gain, 4),
        )
        self.chosen[number] = step
        return self.diary.steps[number], recipe


TOO_LONG = "would not have ended in time"


def scores_of(run: RunFolder, model: str) -> tuple[float, float]:
    """Out-of-fold accuracy of one model alone, and of the run."""
    metrics = read_json(run.metrics)
    return float(metrics["models"][model]["accuracy"]["value"]), float(metrics["oof"]["accuracy"]["value"])


def with_settings(base: Recipe, folds: int | None) -> Recipe:
    """The recipe that all steps share: states saved often, and the folds that were chosen."""
    minutes = min(0.5, base.training.checkpoint_minutes)
    training = base.training.model_copy(update={"checkpoint_minutes": minutes, "watch": False})
    changed = base.model_copy(update={"name": "budget", "description": "", "training": training})
    if folds is None:
        return changed
    return Recipe.model_validate({**changed.model_dump(), "folds": {**base.folds, "n": folds}})
