"""What a model costs, in seconds, before anything of it is done."""

import math
from dataclasses import dataclass

from thresher.pipeline.budget.machine import Machine
from thresher.pipeline.budget.sections import LITE0, LITE1, LITE2, MOBILE, Frozen, Tuned
from thresher.pipeline.expected import HEAD_SECONDS

FORWARD = {LITE0: 1.0, LITE1: 1.4, LITE2: 1.65, MOBILE: 0.8}
"""Work of a frozen backbone at one size, as a multiple of EfficientNet-Lite0."""
LAYERS = {1: 0.15, 2: 0.20, 3: 0.25, 4: 0.29, 5: 0.33, 8: 0.45, 12: 0.65}
"""Seconds of a training step in which so many last blocks learn, as a share of one in which all do."""
EXPORT_SECONDS = 1.5
"""Seconds in which a trained model becomes a graph, measured on two cores."""
START_SECONDS = 5.0
"""Seconds in which the processes of side-by-side jobs come to life."""
FINDER_SECONDS = 2.0
"""Seconds in which the labels of one fold are judged, beside the heads."""
WIDTH = 1280
"""Features of a photo."""
OPENING = 4.0
"""Seconds in which a backbone that was not used before is made ready to run."""


@dataclass(frozen=True)
class Photos:
    """What the costs depend on.

    Attributes:
        labelled: photos that are dealt to folds.
        others: photos that are only predicted.
        classes: K.
        side: median of the shorter sides in pixels.
        folds: number of folds.
    """

    labelled: int
    others: int
    classes: int
    side: int
    folds: int


def training_share(backbone: str, size: int, layers: str | int) -> float:
    """Seconds of a training step, as a multiple of one of all of EfficientNet-Lite0 at 160 pixels."""
    part = 1.0 if isinstance(layers, str) else LAYERS[layers]
    return float(FORWARD[backbone] * part * (size / 160) ** 1.4)


def seconds_of(model: Frozen | Tuned, photos: Photos, machine: Machine, known: frozenset[str]) -> float:
    """Seconds that a new model adds, without those that every step needs.

    Args:
        model: what is bought.
        photos: how many, how large.
        machine: how fast.
        known: names of the features that are there, as `Frozen.features` has them.
    """
    work = FORWARD[model.backbone]
    area = sum((int(name.split("@")[1]) / 224) ** 2 for name in model.features - known)
    seconds = (photos.labelled + photos.others) * area * work / machine.frozen
    if not any(name.startswith(model.backbone) for name in known):
        seconds += OPENING
    rows = photos.labelled * (photos.folds - 1) / photos.folds if photos.folds > 1 else photos.labelled
    seconds += HEAD_SECONDS * rows * photos.folds * WIDTH * photos.classes * model.fits
    if isinstance(model, Frozen):
        return float(seconds + (FINDER_SECONDS * photos.folds if model.denoise else 0.0))
    share = training_share(model.backbone, model.size, model.layers)
    rounds = math.ceil(photos.folds / machine.jobs)
    seconds += rounds * rows * model.epochs * share / machine.train
    seconds += START_SECONDS if machine.jobs > 1 else 0.0
    scored = photos.labelled + photos.others * photos.folds
    seconds += 2 * scored * (model.scored / 224) ** 2 * work / machine.frozen + EXPORT_SECONDS * photos.folds
    return float(seconds)
