"""A recipe made so small that it runs in seconds, with every step of it still there."""

import contextlib
from typing import Any

from thresher.recipe.part import build
from thresher.recipe.repairs import needs_features
from thresher.recipe.schema import ModelSection, Recipe, TrainStage
from thresher.recipe.sisters import BUNDLED, PRETRAINED, Sister, sister_of
from thresher.recipe.together import check_stage

SIDE, BATCH, PHOTOS, RESAMPLES, EPOCHS, VIEWS = 64, 16, 100, 200, 6, 16
SEARCH = {"epochs": 3, "trials": 10, "rounds": 5, "population": 3, "bags": 2}
"""How long an ensemble may search, by the names of its settings."""


def shrink(recipe: Recipe) -> Recipe:
    """A tiny version of a recipe: the same models and stages on few, small photos.

    At most 100 photos, 64 pixels, one epoch where that is enough for every schedule, average and phase,
    batches of 16, two folds, two seeds, two kinds of views, short searches. Backbones whose weights would
    come from the hub become small sisters with random weights, at 32 pixels; those that a linear head is
    fitted on become the bundled one. Its name ends in ``-smoke``, so that its run folder is not taken for the
    real one's.
    """
    tiny = recipe.model_dump()
    tiny["name"] = recipe.name if recipe.name.endswith("-smoke") else f"{recipe.name}-smoke"
    tiny["data"]["limit"] = min(PHOTOS, recipe.data.limit or PHOTOS)
    tiny["metrics"]["resamples"] = min(RESAMPLES, recipe.metrics.resamples)
    _shrink_folds(tiny["folds"])
    tiny["ensemble"] = _short(tiny["ensemble"])
    for name, model in tiny["models"].items():
        _shrink_model(model, _sister(recipe, name))
    return Recipe.model_validate(tiny)


def _shrink_folds(rule: dict[str, Any]) -> None:
    if "n" in rule:
        rule["n"] = 2
    if "rule" in rule:
        _shrink_folds(rule["rule"])


def _short(value: Any) -> Any:
    """An ensemble, also one inside another, whose search is short."""
    if isinstance(value, dict):
        return {
            key: min(SEARCH[key], one) if key in SEARCH and isinstance(one, int) else _short(one)
            for key, one in value.items()
        }
    return [_short(one) for one in value] if isinstance(value, tuple | list) else value


def _sister(recipe: Recipe, name: str) -> Sister | None:
    """What stands for a model's backbone; None where it stays, because its weights are here, or unknown."""
    first = recipe.models[name]
    while first.starts_from is not None:
        first = recipe.models[first.starts_from]
    if first.weights not in ("auto", "hub", "none") or first.backbone.startswith(BUNDLED):
        return None
    if first.weights != "none" and _wants_weights(first):
        return PRETRAINED
    return sister_of(first.backbone)


def _wants_weights(model: ModelSection) -> bool:
    """Whether features of the backbone as it was loaded are looked at."""
    return any(
        stage.kind == "linear" or (stage.kind == "repair" and needs_features(stage)) for stage in model.stages
    )


def _shrink_model(model: dict[str, Any], sister: Sister | None) -> None:
    side = SIDE
    if sister is not None:
        side = sister.side * (1 if model["tiles"] is None else model["tiles"]["grid"])
        model["backbone"] = sister.backbone
        if model["starts_from"] is None:
            model["weights"] = sister.weights
        if sister.weights == "none":
            model["engine"], model["precision"] = "torch", "fp32"  # an export takes longer than the rest
    model["image_size"] = min(side, model["image_size"])
    model["seeds"] = model["seeds"][:2]
    model["views"] = _few(model["views"])
    for stage in model["stages"]:
        if stage["kind"] == "repair" and stage["scores"] is not None:
            continue  # nothing in it takes long
        if stage["kind"] in ("linear", "repair"):
            stage["inner_folds"] = 2
            stage["views"] = _two(stage["views"])
        else:
            _shrink_times(stage)
            stage["batch_size"] = min(BATCH, stage["batch_size"])
            stage["accumulate"] = min(2, stage["accumulate"])
            if stage["image_size"] is not None:
                stage["image_size"] = min(side, stage["image_size"])
            if sister is not None and sister.weights == "none":
                stage["precision"] = "fp32"


def _few(views: list[dict[str, Any]]) -> list[Any]:
    """The first two entries, drawn at most twice; two plain views where they still stand for many."""
    few = [_drawn_twice(view) for view in views[:2]]
    return few if sum(len(build("views", view).expand()) for view in few) <= VIEWS else ["plain", "hflip"]


def _two(views: list[dict[str, Any]]) -> list[Any]:
    """The first two entries, or two plain views where they stand for more: each costs a pass of a network."""
    return (
        views[:2]
        if sum(len(build("views", view).expand()) for view in views[:2]) <= 2
        else ["plain", "hflip"]
    )


def _drawn_twice(view: dict[str, Any]) -> dict[str, Any]:
    few = {**view, "n": min(2, view["n"])} if "n" in view else view
    return {**few, "of": _drawn_twice(few["of"])} if isinstance(few.get("of"), dict) else few


def _shrink_times(stage: dict[str, Any]) -> None:
    """One epoch; where schedule, averaging or phases would then do nothing, as few as they need."""
    for limit in (None, 0, 1, 2):
        parts = {key: _at_most(stage[key], limit) for key in ("schedule", "averaging")}
        least = max(_phases(stage, key) for key in ("augment", "mixing"))
        for epochs in range(least, EPOCHS + 1 if limit is not None else least + 1):
            shorter = {**stage, **parts, "epochs": epochs}
            with contextlib.suppress(ValueError):
                check_stage(TrainStage.model_validate(shorter), last=True)
                stage.update(shorter)
                return


def _phases(stage: dict[str, Any], key: str) -> int:
    """How many phases a part of a stage has, which become equally long; an epoch for each."""
    part = stage[key]
    if part["name"] != "phases":
        return 1
    count = len(part["ops" if key == "augment" else "parts"])
    if key == "augment":
        part["starts"] = None
    else:
        part["until"] = [number / count for number in range(1, count)]
    return count


def _at_most(part: dict[str, Any], limit: int | None) -> dict[str, Any]:
    """A part whose counts of epochs, or lists of them, are small."""
    if limit is None:
        return part

    def small(value: Any) -> Any:
        if isinstance(value, tuple | list):
            return [1]
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        return min(value, limit if isinstance(value, int) else 2)

    return {key: small(value) for key, value in part.items()}
