"""A recipe made so small that it runs in seconds, with every step of it still there."""

import contextlib
from typing import Any

from thresher.recipe.part import build
from thresher.recipe.schema import Recipe, TrainStage
from thresher.recipe.together import check_stage

SIDE, BATCH, PHOTOS, RESAMPLES, EPOCHS = 64, 16, 100, 200, 6


def shrink(recipe: Recipe) -> Recipe:
    """A tiny version of a recipe: the same models and stages on few, small photos.

    At most 100 photos, 64 pixels, one epoch, batches of 16, two folds, two seeds, two views. Its name ends in
    ``-smoke``, so that its run folder is not taken for the real one's.
    """
    tiny = recipe.model_dump()
    tiny["name"] = recipe.name if recipe.name.endswith("-smoke") else f"{recipe.name}-smoke"
    tiny["data"]["limit"] = min(PHOTOS, recipe.data.limit or PHOTOS)
    tiny["metrics"]["resamples"] = min(RESAMPLES, recipe.metrics.resamples)
    if "n" in tiny["folds"]:
        tiny["folds"]["n"] = 2
    for model in tiny["models"].values():
        _shrink_model(model)
    return Recipe.model_validate(tiny)


def _shrink_model(model: dict[str, Any]) -> None:
    model["image_size"] = min(SIDE, model["image_size"])
    model["seeds"] = model["seeds"][:2]
    model["views"] = _few(model["views"])
    for stage in model["stages"]:
        if stage["kind"] == "repair" and stage["scores"] is not None:
            continue  # nothing in it takes long
        if stage["kind"] in ("linear", "repair"):
            stage["inner_folds"] = 2
            stage["views"] = _few(stage["views"])
        else:
            _shrink_times(stage)
            stage["batch_size"] = min(BATCH, stage["batch_size"])
            if stage["image_size"] is not None:
                stage["image_size"] = min(SIDE, stage["image_size"])


def _few(views: list[dict[str, Any]]) -> list[Any]:
    """The first two entries, or two plain views where they stand for more: one may be 64 crops."""
    count = sum(len(build("views", view).expand()) for view in views[:2])
    return views[:2] if count <= 2 else ["plain", "hflip"]


def _shrink_times(stage: dict[str, Any]) -> None:
    """One epoch; where schedule or averaging would then do nothing, as few as they need, counted in twos."""
    for shrunk in (False, True):
        for part in ("schedule", "averaging") if shrunk else ():
            stage[part] = {key: _at_most_two(value) for key, value in stage[part].items()}
        for epochs in range(1, EPOCHS + 1 if shrunk else 2):
            stage["epochs"] = epochs
            with contextlib.suppress(ValueError):
                check_stage(TrainStage.model_validate(stage), last=True)
                return


def _at_most_two(value: Any) -> Any:
    """A number of epochs, or a list of them, made small."""
    if isinstance(value, tuple | list):
        return [1]
    return min(value, 2) if isinstance(value, int | float) and not isinstance(value, bool) else value
