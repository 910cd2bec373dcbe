"""Which backbones have weights at hand, and which take the place of those that have none."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from thresher.models.aliases import real_name
from thresher.models.bundled import BUNDLED
from thresher.recipe.schema import ModelSection, Recipe

Tree = dict[str, Any]
LITE = ("tf_efficientnet_lite2", "tf_efficientnet_lite1", "tf_efficientnet_lite0")
"""Bundled backbones of one family, the largest first."""


def at_hand(section: ModelSection) -> bool:
    """Whether the weights of a model can be had: none are wanted, or a package, a file, the hub has them."""
    if section.weights == "none" or section.starts_from is not None:
        return True
    if section.weights not in ("auto", "bundled", "hub"):
        return Path(section.weights).expanduser().exists()
    name, _, tag = real_name(section.backbone).partition(".")
    entry = BUNDLED.get(name) if tag in ("", "in1k") else None
    if section.weights != "hub" and entry is not None and entry.path() is not None:
        return True
    return section.weights != "bundled" and on_hub(section.backbone)


def on_hub(backbone: str) -> bool:
    """Whether the hub, or its cache on this machine, has weights of a backbone."""
    import timm

    config = timm.get_pretrained_cfg(real_name(backbone))
    if config is None or not (config.hf_hub_id or config.url):
        return False
    from huggingface_hub import try_to_load_from_cache

    if config.hf_hub_id:
        files = ("model.safetensors", "pytorch_model.bin")
        if any(isinstance(try_to_load_from_cache(config.hf_hub_id, file), str) for file in files):
            return True
    return hub_answers()


@functools.cache
def hub_answers() -> bool:
    """Whether the hub can be reached from here; asked once."""
    from huggingface_hub import constants

    from thresher.models.hub import answers

    return not constants.HF_HUB_OFFLINE and answers(constants.ENDPOINT, 5.0)


def installed() -> list[str]:
    """The bundled backbones that are there, the largest first."""
    names = [*LITE, *(name for name in BUNDLED if name not in LITE)]
    return [name for name in names if BUNDLED[name].path() is not None]


def replaced(recipe: Recipe, have: Callable[[ModelSection], bool] = at_hand, small: bool = False) -> Tree:
    """The dumped recipe, with bundled backbones in the place of those whose weights cannot be had.

    The largest becomes the largest, and different ones stay different as long as there are enough. Models
    that start from each other keep one backbone.

    Args:
        recipe: any.
        have: whether a model's weights are at hand.
        small: begin with the smallest of the bundled ones.
    """
    tree: Tree = recipe.model_dump(mode="json")
    missing = {
        (recipe.as_loaded(name).backbone, recipe.as_loaded(name).weights)
        for name in recipe.models
        if not have(recipe.as_loaded(name))
    }
    free = installed()
    if not missing or not free:
        return tree
    taken = {section.backbone for name, section in recipe.models.items() if have(recipe.as_loaded(name))}
    own = [name for name in free if name not in taken] or free
    if small:
        own = [*(name for name in reversed(LITE) if name in own), *(name for name in own if name not in LITE)]
    ranks = sorted(missing, key=lambda one: (-size_of(one[0]), one))
    last = next((name for name in reversed(LITE) if name in own), own[-1])
    chosen = {one: own[rank] if rank < len(own) else last for rank, one in enumerate(ranks)}
    for name, model in tree["models"].items():
        loaded = recipe.as_loaded(name)
        if (loaded.backbone, loaded.weights) in chosen:
            model["backbone"] = chosen[loaded.backbone, loaded.weights]
            model["weights"] = "auto"
    return tree


@functools.cache
def size_of(backbone: str) -> int:
    """Parameters of a backbone; nothing is loaded."""
    import timm
    import torch

    with torch.device("meta"):
        network = timm.create_model(real_name(backbone), pretrained=False, num_classes=0)
    return sum(weight.numel() for weight in network.parameters())
