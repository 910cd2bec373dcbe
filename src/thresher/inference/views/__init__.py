"""Fixed views: how a photo is shown to a model when nothing is random; their scores are averaged."""

from thresher.inference.views.base import View
from thresher.registry import Part, Registry

_HERE = "thresher.inference.views"
_AUGMENTATION = "https://arxiv.org/abs/1409.1556"

REGISTRY: Registry[View] = Registry(
    "views",
    [
        Part("plain", f"{_HERE}.plain:Plain", "the photo as it is"),
        Part("hflip", f"{_HERE}.hflip:HorizontalFlip", "left and right exchanged", _AUGMENTATION),
        Part("vflip", f"{_HERE}.vflip:VerticalFlip", "top and bottom exchanged"),
        Part("rot90", f"{_HERE}.rot90:Rotation", "turned anticlockwise by quarter turns"),
        Part("transpose", f"{_HERE}.transpose:Transpose", "mirrored at the main diagonal"),
        Part("crop", f"{_HERE}.crop:CentreCrop", "the centre of the photo, enlarged"),
    ],
)
