"""How fast this machine is: one short measurement before the first step, corrected by every step after it."""

import time
from dataclasses import dataclass

import numpy as np

from thresher.recipe.schema import ModelSection, TrainStage
from thresher.training.harness import Harness

SIZE, BATCH, STEPS = 96, 16, 2
SMALL = 0.49
"""Seconds of a training step at `SIZE` pixels, as a share of one at 160."""
FORWARD = 3.7
"""Photos at 224 pixels that a frozen backbone sees while one is trained on at 160, on the same cores."""


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

    harness, threads = Harness().alone(), torch.get_num_threads()
    jobs = threads if harness.device.type == "cpu" else 1
    # Jobs train side by side with one core each; and on a busy machine threads wait for each other.
    torch.set_num_threads(max(1, threads // jobs))
    try:
        precision, rate = _rate(harness, classes)
    finally:
        torch.set_num_threads(threads)
    return Machine(rate * SMALL, rate * SMALL * jobs * FORWARD, precision, 5.0 + photos / 600, jobs)


def _rate(harness: Harness, classes: int) -> tuple[str, float]:
    """The faster precision, and photos per second of training steps in it."""
    from thresher.models.build import build_model
    from thresher.training.learner import Learner
    from thresher.training.precision import choose_precision
    from thresher.training.task import Batch

    model = build_model(ModelSection(), classes, pretrained=False).to(harness.device)
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
    return precision, BATCH / min(times)
