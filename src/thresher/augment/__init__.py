"""Augmentation policies: a cached photo in, a random training view out."""

from thresher.augment.base import Policy
from thresher.registry import Part, Registry

REGISTRY: Registry[Policy] = Registry(
    "augment",
    [
        Part("none", "thresher.augment.none:NoAugment", "the whole photo, squeezed to a square"),
        Part(
            "light",
            "thresher.augment.light:Light",
            "random resized crop, horizontal flip, brightness and colour",
        ),
    ],
)


def list_policies(pattern: str = "*") -> list[Part]:
    """The registered policies whose name matches a shell pattern."""
    return REGISTRY.list(pattern)
