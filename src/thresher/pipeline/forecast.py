"""How long the whole run will take, from a few measured steps of each model."""

import os
import time
from dataclasses import dataclass, field

import numpy as np
import torch

from thresher.inference.engine import EngineError
from thresher.models.build import build_model
from thresher.optim.groups import parameter_groups
from thresher.pipeline.job import Bench, Job, finished
from thresher.pipeline.score import is_linear
from thresher.recipe.schema import ModelSection, TrainStage, build
from thresher.training.memory import keep_memory
from thresher.training.task import Batch, Supervised

HEAD_SECONDS = 6e-10
"""Seconds per (row x feature x class) of a linear head's fits, measured on one core."""


@dataclass
class Forecast:
    """What is left to do, in seconds, and what was measured on the way.

    Attributes:
        seconds: by kind of work: features, heads, training, scoring.
        step_rate: photos per second of a training step on data in memory, by model and stage number.
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
        """``about 12 minutes: features 0.5, training 11, scoring 0.5``."""
        parts = ", ".join(f"{name} {clock(value)}" for name, value in self.seconds.items() if value >= 0.5)
        return f"forecast: about {clock(self.total)}" + (f" ({parts})" if parts else "")


def clock(seconds: float) -> str:
    """``42 s``, ``3 min 10 s`` or ``2 h 5 min``."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s"
    return f"{minutes // 60} h {minutes % 60} min"


def forecast(bench: Bench, jobs: list[Job]) -> Forecast:
    """Measures a batch of scoring and a few training steps of every model that has something left to do."""
    keep_memory()
    result = Forecast()
    dataset = bench.dataset
    readable = int(dataset.usable.sum())
    seen: set[str] = set()
    for name, section in bench.recipe.models.items():
        todo = [job for job in jobs if job.model == name and not finished(bench, job)]
        if not todo:
            continue
        score_rate = _score_rate(bench, section)
        first = section.stages[0]
        if first.kind == "linear":
            for view in (*first.views, *(section.views if is_linear(section) else ())):
                key = bench.features.key(section, view)
                if key not in seen and not bench.features.kept(key):
                    result.seconds["features"] += readable * _cost(section, view) / score_rate
                seen.add(key)
            fits = 1 + first.inner_folds * len(first.penalties) * (1 - 1 / first.inner_folds)
            size = readable * len(first.views) * len(dataset.classes) * 1280 * fits
            result.seconds["heads"] += len(todo) * size * HEAD_SECONDS
        rates: dict[int, float] = {}
        for number, stage in enumerate(section.stages):
            if stage.kind == "train":
                rates[number] = _step_rate(bench, section, stage)
                photos = int((dataset.labelled & dataset.usable).sum()) * (
                    1 - 1 / max(2, len({job.fold for job in jobs}))
                )
                at_a_time = min(bench.recipe.training.jobs or 1, len(todo))
                result.seconds["training"] += len(todo) * stage.epochs * photos / (rates[number] * at_a_time)
        if not is_linear(section):
            result.step_rate[name] = rates
            held = readable / max(1, len({job.fold for job in jobs})) + int(
                (~dataset.labelled & dataset.usable).sum()
            )
            cost = sum(_cost(section, view) for view in section.views)
            result.seconds["scoring"] += len(todo) * held * cost / score_rate
    return result


def threads_per_job(bench: Bench) -> int:
    """Threads of each training job, when several share the cores."""
    at_a_time = bench.recipe.training.jobs or 1
    return torch.get_num_threads() if at_a_time == 1 else max(1, (os.cpu_count() or 1) // at_a_time)


def _cost(section: ModelSection, view: dict[str, object]) -> float:
    """Work for one photo in a view, relative to the plain view."""
    return float((build("views", view).size(section.image_size) / section.image_size) ** 2)


def _score_rate(bench: Bench, section: ModelSection) -> float:
    """Photos per second of the plain view."""
    engines = bench.features.engines(section)
    photos = np.full((section.score_batch, section.image_size, section.image_size, 3), 127, dtype=np.uint8)
    try:
        engine = engines(section.image_size)
    except EngineError:
        return 50.0
    engine(photos)
    start = time.perf_counter()
    engine(photos)
    return len(photos) / (time.perf_counter() - start)


def _step_rate(bench: Bench, section: ModelSection, stage: TrainStage) -> float:
    """Photos per second of whole training steps on one batch that lies in memory."""
    size = stage.image_size or section.image_size
    harness = bench.harness
    model = build_model(
        section, len(bench.dataset.classes), dropout=section.dropout, drop_path=section.drop_path
    )
    model.to(harness.device).train()
    body = model.backbone if stage.layers == "all" else None
    model.requires_grad_(stage.layers == "all")
    model.head.requires_grad_(True)
    if stage.batch_norm == "frozen":
        from thresher.training.batch_norm import freeze_batch_norm

        freeze_batch_norm(model)
    groups = parameter_groups(
        model.head, body, stage.optimizer["lr"], stage.body_lr, stage.optimizer["weight_decay"]
    )
    optimizer = build("optim", stage.optimizer, groups)
    average = build("averaging", stage.averaging, model)
    task = Supervised(build("losses", stage.loss).to(harness.device))
    photos = np.random.default_rng(0).integers(0, 256, (stage.batch_size, size, size, 3), dtype=np.uint8)
    batch = Batch(harness.put(photos), harness.put(np.zeros(stage.batch_size, dtype=np.int64)))
    times: list[float] = []
    before = torch.get_num_threads()
    torch.set_num_threads(threads_per_job(bench))
    while len(times) < 4 or (sum(times) < 3 and len(times) < 12):
        start = time.perf_counter()
        with harness.autocast(stage.precision):
            loss = task(model, batch)["loss"]
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        average.after_step()
        if harness.device.type == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    torch.set_num_threads(before)
    return stage.batch_size / float(np.median(times[1:]))
