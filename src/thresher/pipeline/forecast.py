"""How long the whole run will take, from a few measured steps of each model."""

import time
from dataclasses import dataclass, field

import numpy as np

from thresher.ensemble.base import Ensemble, Stack
from thresher.inference.views.base import View
from thresher.inspect.photo_facts import photo_facts
from thresher.models.build import build_model
from thresher.pipeline.bench import Bench, Job, Plan
from thresher.pipeline.expected import Forecast, expected
from thresher.pipeline.fit import threads_each
from thresher.pipeline.lesson import train_data
from thresher.pipeline.rates import MOST, score_seconds, step_rate, view_seconds
from thresher.pipeline.teach import workers
from thresher.recipe.part import build
from thresher.recipe.schema import ModelSection, Recipe, TrainStage
from thresher.seeds import generator

REPORT_SECONDS = 2.0
"""Scores, submission and report, besides what grows with the photos."""
COPIES = 1.5
"""Looking for copies of a photo takes so many times as long as measuring its light and sharpness."""
MEASURED = 0.1
"""Share of all steps of a stage that are measured at most, to forecast how long they take."""
SAMPLE = 200
"""Photos on which an ensemble that learns is timed."""


def forecast(bench: Bench, plan: Plan) -> Forecast:
    """Measures a batch of scoring and a few training steps of every model that has something left to do.

    Args:
        bench: of the run.
        plan: all jobs, and what is left of each.
    """
    result = expected(bench.recipe, plan, _Photos(bench), _Measured(bench))
    result.seconds["rest"] += around(bench)
    return result


def around(bench: Bench) -> float:
    """Seconds of what a run does besides its jobs: copies, ensemble, facts of photos, report."""
    rows = bench.features.rows
    some = rows[:: max(1, len(rows) // 12)][:12]
    start = time.perf_counter()
    photo_facts(bench.cache, some)
    each = (time.perf_counter() - start) / max(1, len(some))
    looks = bench.clusters is None and bench.recipe.folds["near_duplicates"]
    looks = looks and not bench.run.duplicates.is_file()
    photos = (1 + COPIES * looks) * each * len(rows)
    return (
        REPORT_SECONDS
        + photos
        + ensemble_seconds(
            bench.recipe,
            int(bench.dataset.labelled.sum()),
            len(bench.dataset.classes),
            len(bench.fold_numbers),
        )
    )


def ensemble_seconds(recipe: Recipe, labelled: int, classes: int, folds: int) -> float:
    """Seconds in which the recipe's ensemble is fitted, once for all and once for each fold; timed on scores
    that are made up, of a few photos.
    """
    part: Ensemble = build("ensemble", recipe.ensemble)
    count = len(recipe.models)
    if not part.learns or count < 2:
        return 0.0
    random, rows = np.random.default_rng(0), min(labelled, SAMPLE)
    targets = np.arange(rows) % classes
    scores = random.dirichlet(np.ones(classes), (count, rows)) + 2 * np.eye(classes)[targets]
    scores /= scores.sum(axis=2, keepdims=True)
    stack = Stack(scores, targets, np.arange(rows) // classes % max(2, folds), tuple(recipe.models))
    start = time.perf_counter()
    part.fit(stack, 0)
    return (time.perf_counter() - start) * labelled / rows * (1 + max(2, folds))


@dataclass
class _Photos:
    """The numbers of photos of a run; see `thresher.pipeline.expected.Amounts`."""

    bench: Bench
    drawn: dict[str, int] = field(default_factory=dict)

    @property
    def readable(self) -> int:
        return len(self.bench.features.rows)

    @property
    def classes(self) -> int:
        return len(self.bench.dataset.classes)

    def training(self, fold: int) -> int:
        return len(self.bench.training(fold))

    def held(self, fold: int) -> int:
        return len(self.bench.held(fold))

    def asked(self, job: Job) -> int:
        return len(self.bench.asked(job))

    def shown(self, fold: int, stage: TrainStage) -> int:
        key = f"{fold} {stage.sampling}"
        if key not in self.drawn:
            train = self.bench.training(fold)
            found = train_data(self.bench, train, self.bench.teaching(train)).candidates()
            self.drawn[key] = len(build("sampling", stage.sampling)(found, generator(0, "forecast")))
        return self.drawn[key]

    def pending(self, section: ModelSection, view: View) -> str | None:
        key = self.bench.features.key(section, view)
        return None if self.bench.features.stored(key) else key


@dataclass
class _Measured:
    """Rates of this machine, each measured once; see `thresher.pipeline.expected.Rates`."""

    bench: Bench
    known: dict[str, float] = field(default_factory=dict)

    def score(self, recipe: Recipe, name: str, size: int | None) -> float:
        section = recipe.as_loaded(name)
        size = size or section.image_size
        key = f"score {_network(section)} {size}"
        if key not in self.known:
            self.known[key] = 1 / _score_rate(self.bench, section, size)
        return self.known[key]

    def step(self, recipe: Recipe, name: str, number: int) -> float:
        section, stage = recipe.as_loaded(name), recipe.models[name].stages[number]
        assert stage.kind == "train"
        same = stage.model_dump(exclude={"epochs", "sampling", "augment", "select", "schedule"})
        key = f"step {_network(section)} {section.image_size} {section.head} {same}"
        if key not in self.known:
            self.known[key] = 1 / _step_rate(self.bench, section, stage)
        return self.known[key]

    def view(self, recipe: Recipe, name: str, number: int) -> float:
        section, stage = recipe.models[name], recipe.models[name].stages[number]
        assert stage.kind == "train"
        size, rows = stage.image_size or section.image_size, self.bench.features.rows
        key = f"view {stage.augment} {size}"
        if key not in self.known:
            self.known[key] = view_seconds(self.bench.cache, rows, stage.augment, size)
        return self._delay(recipe, self.known[key], self.step(recipe, name, number))

    def _delay(self, recipe: Recipe, view: float, step: float) -> float:
        """Seconds by which a photo's view delays its step: one thread or several processes make views."""
        hands = workers(self.bench)
        if hands == 0 and self.bench.harness.device.type == "cpu":
            # The thread that makes views shares the cores with the steps; alone it may be the slower one.
            return max(view / threads_each(recipe.training.jobs or 1), view - step)
        return max(0.0, view / max(1, hands) - step)

    def width(self, section: ModelSection) -> int:
        return build_model(section, 2, pretrained=False).width


def _network(section: ModelSection) -> str:
    keys = {"backbone", "weights", "pooling", "tiles", "power", "engine", "precision", "score_batch"}
    return str(section.model_dump(include=keys))


def _score_rate(bench: Bench, section: ModelSection, size: int) -> float:
    """Photos per second of a view of a size."""
    return 1 / score_seconds(bench.features.engines(section)(size))


def _step_rate(bench: Bench, section: ModelSection, stage: TrainStage) -> float:
    """Photos per second of one job's steps, measured with as many jobs side by side as will be, in no more
    than a share of the steps that there are to do.
    """
    jobs, folds = bench.recipe.training.jobs or 1, bench.fold_numbers
    todo = sum(len(bench.training(fold)) // stage.batch_size for fold in folds) * stage.epochs
    most = min(MOST, max(1, round(MEASURED * todo * len(section.seeds))))
    return step_rate(
        section, stage, len(bench.dataset.classes), bench.harness, jobs, least=min(3, most), most=most
    )
