"""Losses: logits ``(N, K)`` and targets, as an index ``(N,)`` or soft ``(N, K)``, to one number."""

from thresher.losses.base import Loss
from thresher.registry import Part, Registry

REGISTRY: Registry[Loss] = Registry(
    "losses",
    [
        Part(
            "cross_entropy",
            "thresher.losses.cross_entropy:CrossEntropy",
            "cross-entropy with optional label smoothing",
            "Szegedy et al. 2016, arXiv:1512.00567",
        ),
    ],
)


def list_losses(pattern: str = "*") -> list[Part]:
    """The registered losses whose name matches a shell pattern."""
    return REGISTRY.list(pattern)
