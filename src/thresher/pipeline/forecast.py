"""How long the whole run will take, from a few measured steps of each model."""

import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import torch

from thresher.files import digest
from thresher.inference.views.base import View
from thresher.inference.views.expand import expand_views
from thresher.models.build import build_model
from thresher.pipeline.bench import Bench, Plan
from thresher.pipeline.fit import threads_each
from thresher.pipeline.frozen import frozen_stages, frozen_views
from thresher.pipeline.score import is_linear
from thresher.recipe.schema import LinearStage, ModelSection, RepairStage, TrainStage
from thresher.training.learner import Learner
from thresher.training.task import Batch

HEAD_SECONDS = 8e-9
"""Seconds per row, feature and class of one fit of a linear head, measured on one core."""
EXPORT_SECONDS = 1.5
"""Seconds in which a trained model becomes a graph for one size of photos, measured on two cores."""


@dataclass
class Forecast:
    """What is left to do, in seconds, and what was measured on the way.

    Attributes:
        seconds: by kind of work: features, heads, training, scoring.
        step_rate: photos per second of one job's training steps on data in memory, while as many jobs train
            as the recipe says, by model and stage number.
    """

    seconds: dict[str, float] = field(
        default_factory=lambda: dict.fromkeys(("features", "heads", "training", "scoring"), 0.0)
    )
    step_rate: dict[str, dict[int, float]] = field(default_factory=dict)

    @property
    def total(self) -> float:
        """Seconds of the whole run."""
        return sum(self.seconds.values())

    def sentence(self) -> str:
        """``forecast: about 12 min 0 s (features 30 s, training 11 min 0 s, scoring 30 s)``."""
        parts = ", ".join(f"{name} {clock(value)}" for name, value in self.seconds.items() if value >= 0.5)
        return f"forecast: about {clock(self.total)}" + (f" ({parts})" if parts else "")


def clock(seconds: float) -> str:
    """``42 s``, ``3 min 10 s`` or ``2 h 5 min``."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def forecast(bench: Bench, plan: Plan) -> Forecast:
    """Measures a batch of scoring and a few training steps of every model that has something left to do.

    Args:
        bench: of the run.
        plan: all jobs, and what is left of each.
    """
    result = Forecast()
    counted: set[str] = set()
    known: dict[str, float] = {}  # models that differ in their seeds alone are measured once
    for name, section in bench.recipe.models.items():
        fits = [job.fold for job, left in plan if job.model == name and left == "fit"]
        scored = [job for job, left in plan if job.model == name and left != "nothing"]
        if not scored:
            continue
        loaded = bench.recipe.as_loaded(name)
        alike = digest(loaded.model_dump(exclude={"seeds", "stages", "views", "combine", "final"}))
        rate = known.get(alike) or _score_rate(bench, loaded)
        known[alike] = rate
        shown = expand_views(section.views)
        views = list(frozen_views(bench.recipe, name)) if fits else []
        views += [(section, view) for view in shown] if is_linear(section) else []
        for shown_by, view in views:
            key = bench.features.key(shown_by, view)
            if key not in counted and not bench.features.stored(key):
                counted.add(key)
                result.seconds["features"] += len(bench.features.rows) * _cost(section, view) / rate
        for frozen in frozen_stages(section):
            rows = sum(len(bench.training(fold)) for fold in fits) * _fits(frozen)
            width = build_model(section, 2, pretrained=False).width
            result.seconds["heads"] += HEAD_SECONDS * rows * width * len(bench.dataset.classes)
        if is_linear(section):
            continue
        result.step_rate[name] = {}
        # The look at the held-out fold after each epoch is a forward pass: a third of a step.
        seen = [len(bench.training(fold)) + len(bench.held(fold)) / 3 for fold in fits]
        rounds = math.ceil(len(fits) / (bench.recipe.training.jobs or 1))
        for number, stage in enumerate(section.stages):
            if stage.kind == "train" and fits:
                key = digest([alike, stage.model_dump()])
                steps = stage.epochs * math.ceil(float(np.mean(seen)) / stage.batch_size)
                known[key] = known.get(key) or _step_rate(bench, loaded, stage, steps)
                result.step_rate[name][number] = known[key]
                seconds = stage.epochs * float(np.mean(seen)) / result.step_rate[name][number]
                result.seconds["training"] += rounds * seconds
        cost = sum(_cost(section, view) for view in shown)
        photos = sum(len(bench.held(job.fold)) + len(bench.asked(job)) for job in scored)
        sizes = {view.size(section.image_size) for view in shown}
        export = 0.0 if section.engine == "torch" else EXPORT_SECONDS * len(sizes) * len(scored)
        result.seconds["scoring"] += photos * cost / rate + export
    return result


def _fits(stage: LinearStage | RepairStage) -> float:
    """Fits of a head, as a multiple of one on all training photos: inner ones see means over views."""
    inner = len(stage.penalties) * (stage.inner_folds - 1) if len(stage.penalties) > 1 else 0
    if stage.kind == "linear":
        return inner + len(expand_views(stage.views))
    return 0 if stage.scores is not None else stage.rounds * (inner + stage.inner_folds - 1)


def _cost(section: ModelSection, view: View) -> float:
    """Work for one photo in a view, relative to the plain view."""
    return float((view.size(section.image_size) / section.image_size) ** 2)


def _score_rate(bench: Bench, section: ModelSection) -> float:
    """Photos per second of the plain view."""
    engine = bench.features.engines(section)(section.image_size)
    photos = np.full((section.score_batch, section.image_size, section.image_size, 3), 127, dtype=np.uint8)
    engine(photos)
    start = time.perf_counter()
    engine(photos)
    return len(photos) / (time.perf_counter() - start)


def _step_rate(bench: Bench, section: ModelSection, stage: TrainStage, most: int) -> float:
    """Photos per second of one job's steps, measured with as many jobs side by side as will be, in no more
    steps than there are to do.
    """
    jobs, before = bench.recipe.training.jobs or 1, torch.get_num_threads()
    if jobs == 1:
        return _time_steps(bench, section, stage, most)

    def side_by_side(threads: int) -> float:
        torch.set_num_threads(threads)  # of the steps in this thread
        return _time_steps(bench, section, stage, most)

    try:
        with ThreadPoolExecutor(jobs) as pool:
            return float(np.mean(list(pool.map(side_by_side, [threads_each(jobs)] * jobs))))
    finally:
        torch.set_num_threads(before)


def _time_steps(bench: Bench, section: ModelSection, stage: TrainStage, most: int) -> float:
    """Photos per second of whole training steps on one batch that lies in memory."""
    size, harness = stage.image_size or section.image_size, bench.harness.alone()
    classes = len(bench.dataset.classes)
    model = build_model(section, classes, dropout=section.dropout, drop_path=section.drop_path)
    learner = Learner(model, stage, harness, steps=1000, counts=np.ones(classes))
    learner.train()
    rng = np.random.default_rng(0)
    photos = rng.integers(0, 256, (stage.batch_size, size, size, 3), dtype=np.uint8)
    batch = Batch(harness.put(photos), harness.put(np.zeros(stage.batch_size, dtype=np.int64)))
    times: list[float] = []
    while len(times) < min(4, most + 1) or (sum(times) < 3 and len(times) < min(12, most)):
        start = time.perf_counter()
        learner.step([learner.mixed(batch, rng, 0)], 0)
        if harness.device.type == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return stage.batch_size / float(np.median(times[1:]))
