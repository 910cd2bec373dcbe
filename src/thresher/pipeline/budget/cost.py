"""What a model costs, in seconds, before anything of it is done."""

import math
from dataclasses import dataclass

from thresher.inference.views.expand import expand_views
from thresher.pipeline.budget.machine import Machine
from thresher.pipeline.budget.sections import LITE0, LITE1, LITE2, MOBILE
from thresher.pipeline.forecast import HEAD_SECONDS
from thresher.recipe.schema import ModelSection

FORWARD = {LITE0: 1.0, LITE1: 1.4, LITE2: 1.65, MOBILE: 0.8}
"""Work of a frozen backbone at one size, as a multiple of EfficientNet-Lite0."""
LAYERS = {1: 0.15, 2: 0.20, 3: 0.25, 4: 0.29, 5: 0.33, 8: 0.45, 12: 0.65}
"""Seconds of a training step in which so many last blocks learn, as a share of one in which all do."""
EXPORT_SECONDS = 1.5
"""Seconds in which a trained model becomes a graph, measured on two cores."""
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


def seconds_of(section: ModelSection, photos: Photos, machine: Machine, known: frozenset[str]) -> float:
    """Seconds that a new model adds, without those that every step needs.

    Args:
        section: the model.
        photos: how many, how large.
        machine: how fast.
        known: names of the features that are there, as `feature_names` has them.
    """
    work = FORWARD[section.backbone]
    total = sum(work * (int(name.split("@")[1]) / 224) ** 2 for name in feature_names(section) - known)
    seconds = (photos.labelled + photos.others) * total / machine.frozen
    if not any(name.startswith(section.backbone) for name in known):
        seconds += OPENING
    rows = photos.labelled * (photos.folds - 1) / photos.folds if photos.folds > 1 else photos.labelled
    rounds = math.ceil(photos.folds * len(section.seeds) / machine.jobs)
    for stage in section.stages:
        if stage.kind == "train":
            share = training_share(section.backbone, stage.image_size or section.image_size, stage.layers)
            seconds += rounds * rows * stage.epochs * share / machine.train
            shown = expand_views(section.views)
            area = sum((view.size(section.image_size) / 224) ** 2 for view in shown)
            scored = photos.labelled + photos.others * photos.folds
            seconds += scored * area * work / machine.frozen + EXPORT_SECONDS * photos.folds
        else:
            fits = len(stage.penalties) * (stage.inner_folds - 1)
            fits += len(expand_views(stage.views)) if stage.kind == "linear" else stage.inner_folds - 1
            seconds += FINDER_SECONDS * photos.folds if stage.kind == "repair" else 0.0
            seconds += HEAD_SECONDS * rows * photos.folds * WIDTH * photos.classes * fits
    return float(seconds)


def feature_names(section: ModelSection) -> frozenset[str]:
    """The features that a model's heads need: ``backbone@size view``."""
    names = set()
    for stage in section.stages:
        if stage.kind != "train":
            names |= {
                f"{section.backbone}@{view.size(section.image_size)}@{view.label}"
                for view in expand_views(stage.views)
            }
    return frozenset(names)
