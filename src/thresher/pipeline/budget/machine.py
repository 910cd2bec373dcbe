"""How fast this machine is: one short measurement before the first step, corrected by every step after it."""

from dataclasses import dataclass

from thresher.pipeline.rates import step_rate
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
    from thresher.training.precision import choose_precision

    section = ModelSection(weights="none", stages=(TrainStage(),))
    precision = choose_precision(build_model(section, classes).to(harness.device), SIZE, BATCH, harness)
    stage = TrainStage.model_validate({"batch_size": BATCH, "image_size": SIZE, "precision": precision})
    return precision, step_rate(section, stage, classes, harness, 1, least=STEPS, most=STEPS)
