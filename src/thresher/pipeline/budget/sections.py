"""The models that a budget can buy, as sections of a recipe."""

from typing import Any

from thresher.recipe.schema import ModelSection

PENALTIES = (0.0003, 0.001, 0.003, 0.01, 0.03)
LITE0, LITE1, LITE2, MOBILE = (
    "tf_efficientnet_lite0",
    "tf_efficientnet_lite1",
    "tf_efficientnet_lite2",
    "mobilenetv2_100",
)
View = str | dict[str, Any]


def views(size: int, shown: tuple[int, ...]) -> list[View]:
    """The photo and its mirror image at each of some sizes in pixels, for a model of image size ``size``."""
    found: list[View] = []
    for one in shown:
        for name in ("plain", "hflip"):
            found.append(name if one == size else {"name": name, "scale": round(one / size, 4)})
    return found


def frozen(backbone: str, sizes: tuple[int, ...], mirror: bool = True, **how: Any) -> ModelSection:
    """A head on features of a frozen backbone.

    Args:
        backbone: timm's name.
        sizes: of the views in pixels.
        mirror: whether photos are mirrored too.
        how: further keys of the model.
    """
    shown = views(sizes[0], sizes)[:: 1 if mirror else 2]
    stage = {"kind": "linear", "views": shown, "penalties": PENALTIES, "inner_folds": 3}
    return _made(backbone=backbone, image_size=sizes[0], stages=[stage], views=shown, **how)


def denoised(plain: ModelSection) -> ModelSection:
    """The same, but labels are judged inside each fold, and doubtful ones count less."""
    shown = plain.stages[0].model_dump()["views"]
    strong = tuple(10 * one / 3 for one in PENALTIES)
    repair = {
        "kind": "repair",
        "views": shown,
        "penalties": strong,
        "find": "combined",
        "action": {"name": "weigh", "above": 0.5},
    }
    stage = {"kind": "linear", "views": shown, "penalties": strong, "inner_folds": 3}
    return ModelSection.model_validate({**plain.model_dump(), "stages": [repair, stage]})


def tuned(
    backbone: str,
    base: int,
    size: int,
    scored: int,
    layers: str | int,
    epochs: int,
    seed: int = 0,
    **how: Any,
) -> ModelSection:
    """A backbone fine-tuned from its linear solution, as the recipe `standard` does it.

    Args:
        backbone: timm's name.
        base: image size of the linear solution, whose features are there already.
        size: of photos while training.
        scored: of photos when they are scored; larger, for random crops enlarge what they show (Touvron et
            al. 2019, arXiv:1906.06423).
        layers: that learn.
        epochs: over the training photos.
        seed: of the jobs.
        how: ``precision`` of training, and further keys of the model.
    """
    precision = how.pop("training_precision", "auto")
    linear = {"kind": "linear", "views": ["plain", "hflip"], "penalties": PENALTIES, "inner_folds": 3}
    train = {
        "kind": "train",
        "layers": layers,
        "image_size": size,
        "epochs": epochs,
        "batch_size": 32,
        "augment": {"name": "light", "scale": 0.4, "brightness": 0.3, "grey": 0.15},
        "loss": {"name": "cross_entropy", "smoothing": 0.02},
        "optimizer": {"name": "adamw", "lr": 0.0003, "weight_decay": 0.05},
        "body_lr": 1.0,
        "schedule": {"name": "cosine", "warmup": 0.1},
        "averaging": {"name": "ema", "decay": 0.99 if epochs > 2 else 0.97},
        "batch_norm": "frozen",
        "precision": precision,
    }
    shown = views(base, (scored,))
    return _made(
        backbone=backbone, image_size=base, stages=[linear, train], views=shown, seeds=(seed,), **how
    )


def _made(**keys: Any) -> ModelSection:
    return ModelSection.model_validate(keys)
