"""Making a model from its section of the recipe."""

import difflib
from typing import TYPE_CHECKING, Any

from thresher.errors import RecipeError
from thresher.models.photo_model import PhotoModel
from thresher.models.weights import find_weights

if TYPE_CHECKING:
    from torch import nn

    from thresher.recipe.schema import ModelSection


def build_model(
    section: "ModelSection",
    classes: int,
    *,
    dropout: float = 0.0,
    drop_path: float = 0.0,
    pretrained: bool = True,
) -> PhotoModel:
    """Builds a backbone with its weights and a fresh head, on the CPU, in channels_last and eval mode.

    Args:
        section: the model's part of the recipe; backbone, weights and image_size count here.
        classes: number of classes K.
        dropout: before the head, 0..1.
        drop_path: stochastic depth of the backbone, 0..1.
        pretrained: False skips the weights, for a model that is loaded from a checkpoint next.

    Raises:
        RecipeError: no such backbone, or it has no stochastic depth or cannot take this image size.
        WeightsError: its weights cannot be had.
    """
    import torch

    backbone = create_backbone(section.backbone, section.image_size, drop_path)
    if pretrained:
        find_weights(section.backbone, section.weights).load_into(backbone)
    config: dict[str, Any] = backbone.pretrained_cfg  # type: ignore[assignment]
    width = int(getattr(backbone, "head_hidden_size", None) or backbone.num_features)  # type: ignore[arg-type]
    model = PhotoModel(backbone, width, classes, config["mean"], config["std"], dropout=dropout)
    return model.to(memory_format=torch.channels_last).eval()


def create_backbone(name: str, image_size: int, drop_path: float = 0.0) -> "nn.Module":
    """A timm model without classifier and with random weights.

    Raises:
        RecipeError: no such backbone, or it has no stochastic depth or cannot take this image size.
    """
    import timm

    check_backbone(name)
    config = timm.get_pretrained_cfg(name)
    settings: dict[str, Any] = {}
    if config is not None and config.fixed_input_size and image_size != config.input_size[-1]:
        settings["img_size"] = image_size  # ViT and kin: position embeddings have a size
    if drop_path > 0:
        settings["drop_path_rate"] = drop_path
    try:
        return timm.create_model(name, pretrained=False, num_classes=0, **settings)
    except TypeError as error:
        key = {"img_size": "image_size", "drop_path_rate": "drop_path"}
        wrong = next((mine for theirs, mine in key.items() if f"'{theirs}'" in str(error)), None)
        if wrong is None:
            raise
        value = image_size if wrong == "image_size" else drop_path
        raise RecipeError(
            f"{wrong} = {value} does not go with the backbone {name}: leave it at its default"
        ) from error
    except (AssertionError, ValueError, RuntimeError) as error:
        raise RecipeError(
            f"the backbone {name} cannot be built with image_size = {image_size}: {error}"
        ) from error


def check_backbone(name: str) -> None:
    """Checks that timm has a backbone of this name.

    Raises:
        RecipeError: it has not; names the nearest.
    """
    import timm

    base, _, tag = name.partition(".")
    if timm.is_model(base) and (not tag or name in timm.list_models(f"{base}.*", pretrained=True)):
        return
    names = timm.list_models(f"{base}.*", pretrained=True) if timm.is_model(base) else timm.list_models()
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"; the nearest are {', '.join(near)}" if near else ""
    raise RecipeError(f"timm has no backbone named {name!r}{hint} (timm.list_models() lists all)")
