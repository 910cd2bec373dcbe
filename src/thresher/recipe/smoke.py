"""A recipe made so small that it runs in seconds, with every step of it still there."""

from typing import Any

from thresher.recipe.schema import Recipe

SIDE, BATCH, PHOTOS, RESAMPLES = 64, 16, 100, 200


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
    model["views"] = model["views"][:2]
    for stage in model["stages"]:
        if stage["kind"] == "linear":
            stage["inner_folds"] = 2
            stage["views"] = stage["views"][:2]
        else:
            stage["epochs"] = 1
            stage["batch_size"] = min(BATCH, stage["batch_size"])
            if stage["image_size"] is not None:
                stage["image_size"] = min(SIDE, stage["image_size"])
