"""How fast this machine is: one short measurement before the first step, corrected by every step after it."""

import time
from dataclasses import dataclass

import numpy as np

from thresher.recipe.schema import ModelSection, TrainStage
from thresher.training.harness import Harness

SIZE, BATCH, STEPS = 96, 16, 3
SMALL = 0.49
"""Seconds of a training step at `SIZE` pixels, as a share of one at 160."""
FORWARD = 5.0
"""Photos at 224 pixels that a frozen backbone sees while all cores together train on one at 160 pixels."""
APART = 1.4
"""What jobs with one core each train together, as a multiple of one job that has all cores."""


@dataclass(frozen=True)
class Machine:
    """Measured speeds.

    Attributes:
        train: photos per second of training all of EfficientNet-Lite0 at 160 pixels, in each of ``jobs``
            jobs side by side.
        frozen: photos per second of the frozen network at 224 pixels.
        precision: in which training is faster.
        overhead: seconds that a step needs beside features, heads, training and scoring.
        jobs: training jobs at a time.
    """

    train: float
    frozen: float
    precision: str
    overhead: float
    jobs: int


def measure(photos: int, classes: int) -> Machine:
    """Times a few training steps of the smallest backbone, in about three seconds.

    Args:
        photos: how many there are; what a step needs for looking at them grows with it.
        classes: K.
    """
    import torch

    from thresher.models.build import build_model
    from thresher.training.learner import Learner
    from thresher.training.precision import choose_precision
    from thresher.training.task import Batch

    harness = Harness().alone()
    section = ModelSection()
    model = build_model(section, classes, pretrained=False).to(harness.device)
    precision = choose_precision(model, SIZE, BATCH, harness)
    stage = TrainStage.model_validate({"kind": "train", "batch_size": BATCH, "precision": precision})
    learner = Learner(model, stage, harness, steps=100, counts=np.ones(classes))
    learner.train()
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (BATCH, SIZE, SIZE, 3), dtype=np.uint8)
    batch = Batch(harness.put(pixels), harness.put(np.zeros(BATCH, dtype=np.int64)))
    times = []
    for _ in range(STEPS):
        begun = time.perf_counter()
        learner.step([learner.mixed(batch, rng, 0)], 0)
        times.append(time.perf_counter() - begun)
    together = BATCH / min(times) * SMALL
    jobs = torch.get_num_threads() if harness.device.type == "cpu" else 1
    each = together * (APART if jobs > 1 else 1.0) / jobs
    return Machine(each, together * FORWARD, precision, 5.0 + photos / 600, jobs)
