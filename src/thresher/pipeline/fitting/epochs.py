"""Fewer epochs of a stage, with all that is counted in epochs: restarts, milestones, averages, patience."""

import contextlib
import math
from typing import Any

from thresher.pipeline.fitting.trees import Tree, epochs_of
from thresher.recipe.schema import TrainStage
from thresher.recipe.together import check_stage

COUNTED = {
    "schedule": ("t0", "every", "milestones", "up", "down", "patience"),
    "averaging": ("start", "every", "keep"),
}
"""Settings in epochs."""
PATIENT = 3
"""Epochs without a gain below which a stage is not ended early; the best epoch is kept all the same."""


def at_most(tree: Tree, most: int) -> Tree:
    """Every model with at most so many epochs, shared among its stages as before; never fewer than each
    stage needs for its schedule and its average to do something.
    """
    for model in tree["models"].values():
        had = epochs_of(model)
        if had > most:
            for number, stage in enumerate(model["stages"]):
                if stage["kind"] == "train":
                    last = number == len(model["stages"]) - 1
                    model["stages"][number] = shortened(stage, most / had, last)
    return tree


def shortened(stage: Tree, share: float, last: bool) -> Tree:
    """A train stage with a share of its epochs, rounded down, or as few more as it needs."""
    least = max(_phases(stage["augment"], "ops"), _phases(stage["mixing"], "parts"))
    for epochs in range(max(least, math.floor(stage["epochs"] * share + 1e-9)), stage["epochs"]):
        made = {**stage, "epochs": epochs}
        for part, keys in COUNTED.items():
            scaled = {
                key: _scaled(stage[part][key], epochs / stage["epochs"]) for key in keys & stage[part].keys()
            }
            made[part] = {**stage[part], **scaled}
        select = stage["select"]
        if select is not None and select["patience"] is not None:
            wait = round(select["patience"] * epochs / stage["epochs"])
            # The last epochs, at a low rate, are the best ones: who loses patience at once never sees them.
            made["select"] = {**select, "patience": wait if wait >= PATIENT else None}
        with contextlib.suppress(ValueError):
            check_stage(TrainStage.model_validate(made), last)
            return made
    return stage


def _phases(part: Tree, key: str) -> int:
    """Phases of a policy that changes with the stage: each needs an epoch; 1 for others."""
    return len(part[key]) if part["name"] == "phases" else 1


def _scaled(value: Any, share: float) -> Any:
    """A number of epochs, or several, as a share of them; whole ones stay whole and above zero."""
    if isinstance(value, list | tuple):
        return sorted({_scaled(one, share) for one in value})
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if isinstance(value, int):
        return max(1, round(value * share)) if value else value
    return value * share
