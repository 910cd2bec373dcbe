"""Wrong labels: finders rank photos by how likely their given label is wrong."""

from thresher.labels.base import Evidence, Finder, Suspicion
from thresher.registry import Part, Registry

REGISTRY: Registry[Finder] = Registry("labels", [])

__all__ = ["REGISTRY", "Evidence", "Finder", "Suspicion", "list_finders"]


def list_finders(pattern: str = "*") -> list[Part]:
    """The registered finders whose name matches a shell pattern."""
    return REGISTRY.list(pattern)
