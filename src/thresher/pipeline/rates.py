"""How fast this machine scores and trains, measured in a few seconds for each model."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch

from thresher.images.cache import PhotoCache
from thresher.models.build import build_model
from thresher.pipeline.fit import threads_each
from thresher.recipe.schema import ModelSection, TrainStage
from thresher.training.harness import Harness
from thresher.training.learner import Learner
from thresher.training.photos import TrainPhotos
from thresher.training.task import Batch

SECONDS = 3.0
"""Of training steps that are measured, about."""
MOST = 11
"""Steps that are measured at most."""
SHOWN = 6
"""Photos that a policy of random views is measured on."""


def score_seconds(engine: Any) -> float:
    """Seconds for a photo that an engine scores: the median of batches of about half a second."""
    photos = np.full((engine.batch_size, engine.size, engine.size, 3), 127, dtype=np.uint8)
    engine(photos)
    times: list[float] = []
    while not times or (sum(times) < 0.5 and len(times) < 5):
        start = time.perf_counter()
        engine(photos)
        times.append(time.perf_counter() - start)
    return float(np.median(times)) / len(photos)


def step_rate(
    section: ModelSection,
    stage: TrainStage,
    classes: int,
    harness: Harness,
    jobs: int,
    seconds: float = SECONDS,
    least: int = 3,
    most: int = MOST,
) -> float:
    """Photos per second of one job's steps in memory, measured with as many jobs side by side as will be.

    Args:
        section: a model that can be built without data or other jobs.
        stage: of it; its precision is resolved.
        classes: K.
        harness: where it runs.
        jobs: that share the machine.
        seconds: to measure, about.
        least: steps that are measured at least, after one to warm up.
        most: steps that are measured at most.
    """
    steps = [_Steps(section, stage, classes, harness.alone()) for _ in range(jobs)]
    if jobs == 1:
        return steps[0].rate(seconds, least, most)
    before = torch.get_num_threads()

    def side_by_side(one: _Steps) -> float:
        torch.set_num_threads(threads_each(jobs))  # of the steps in this thread
        return one.rate(seconds, least, most)

    try:
        with ThreadPoolExecutor(jobs) as pool:
            return float(np.mean(list(pool.map(side_by_side, steps))))
    finally:
        torch.set_num_threads(before)


class _Steps:
    """Whole training steps of a model on one batch that lies in memory."""

    def __init__(self, section: ModelSection, stage: TrainStage, classes: int, harness: Harness) -> None:
        size, count = stage.image_size or section.image_size, stage.batch_size
        model = build_model(section, classes, dropout=section.dropout, drop_path=section.drop_path)
        self.learner = Learner(model, stage, harness, steps=1000, counts=np.ones(classes))
        self.learner.train()
        self.rng = np.random.default_rng(0)
        photos = self.rng.integers(0, 256, (count, size, size, 3), dtype=np.uint8)
        targets = np.arange(count) % classes  # losses of pairs have nothing to do among equals
        self.batch = Batch(harness.put(photos), harness.put(targets))
        self.waits = harness.device.type == "cuda"

    def rate(self, seconds: float, least: int, most: int) -> float:
        """Photos per second; see `step_rate`."""
        times: list[float] = []
        while len(times) <= least or (sum(times[1:]) < seconds and len(times) <= most):
            start = time.perf_counter()
            place = len(times) * 90 % 1000  # what changes with the stage is seen at several places of it
            self.learner.step([self.learner.mixed(self.batch, self.rng, place)], place)
            if self.waits:
                torch.cuda.synchronize()
            times.append(time.perf_counter() - start)
        # Half of the mean, half of the median: a mixer may be rare, and a hiccup of the machine, too.
        taken = float((np.median(times[1:]) + np.mean(times[1:])) / 2)
        return len(self.batch.photos) / taken


def view_seconds(cache: PhotoCache, rows: np.ndarray, augment: dict[str, Any], size: int) -> float:
    """Seconds of one thread for a training view of a photo, over the course of a stage.

    Args:
        cache: photos by row.
        rows: readable rows (N,); some of them, far from each other, are looked at.
        augment: the policy.
        size: side of the view in pixels.
    """
    photos = TrainPhotos(cache, augment, size, seed=0)
    some = rows[np.linspace(0, len(rows) - 1, min(SHOWN, len(rows))).astype(int)]
    photos.batch(0, some[:1])
    start = time.perf_counter()
    for number, row in enumerate(np.tile(some, 2)):
        photos.batch(number, np.array([row]), number / (2 * len(some)))
    return (time.perf_counter() - start) / (2 * len(some))
