"""Small things that are done to a dumped recipe."""

from collections.abc import Iterator
from typing import Any

from thresher.inference.views.expand import expand_views

Tree = dict[str, Any]
STEP = 32
"""Sides of photos are multiples of it: what the backbones shrink a photo by."""


def train_stages(tree: Tree) -> Iterator[tuple[Tree, Tree]]:
    """Each model with each of its train stages."""
    for model in tree["models"].values():
        for stage in model["stages"]:
            if stage["kind"] == "train":
                yield model, stage


def epochs_of(model: Tree) -> int:
    """Epochs of all train stages of a model."""
    return sum(stage["epochs"] for stage in model["stages"] if stage["kind"] == "train")


def rounded(side: float, step: int = STEP) -> int:
    """The nearest multiple of a step, at least two of it."""
    return max(2 * step, step * round(side / step))


def tiles_of(model: Tree) -> int:
    """Tiles along a side of the photo."""
    return int(model["tiles"]["grid"]) if model["tiles"] is not None else 1


def few_views(views: list[Tree], most: int) -> list[Any]:
    """The first views that stand for at most so many, or the plain photo and its mirror image."""
    kept: list[Any] = []
    for view in views:
        if len(expand_views([*kept, view])) > most:
            break
        kept.append(view)
    if len(kept) == 1:
        kept[0] = {**kept[0], "weight": 1.0}  # a weight has no effect on one view alone
    return kept or ["plain", "hflip"]


def needed(tree: Tree) -> set[str]:
    """The models that others start from, or are judged by."""
    found = set()
    for model in tree["models"].values():
        found.add(model["starts_from"])
        found |= {stage["scores"] for stage in model["stages"] if stage["kind"] == "repair"}
    return {name for name in found if name is not None}


def drop_model(tree: Tree, name: str, heir: str | None = None) -> None:
    """Takes a model out, also of the ensemble, where another one may take its weight over."""
    del tree["models"][name]
    gone = _forget(tree["ensemble"], name, heir)
    while gone:
        gone = [one for group in gone for one in _forget(tree["ensemble"], group, None)]


def _forget(spec: Any, name: str, heir: str | None) -> list[str]:
    """Takes a name out of an ensemble's settings; returns groups that are empty now."""
    empty: list[str] = []
    if isinstance(spec, list):
        for one in spec:
            empty += _forget(one, name, heir)
    if not isinstance(spec, dict):
        return empty
    weights, groups = spec.get("weights"), spec.get("groups")
    if isinstance(weights, dict) and name in weights:
        weight = weights.pop(name)
        if heir is not None:
            weights[heir] = weights.get(heir, 0.0) + weight
        elif not any(weights.values()):
            spec["weights"] = None
    if isinstance(groups, dict):
        for group, members in list(groups.items()):
            if name in members:
                members = [one for one in members if one != name]
                groups[group] = members
                if not members:
                    del groups[group]
                    empty.append(group)
    for key, inner in spec.items():
        if key not in ("weights", "groups"):
            empty += _forget(inner, name, heir)
    return empty
