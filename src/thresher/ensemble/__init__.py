"""Ensembles: aligned scores of several models to one."""

from thresher.registry import Part, Registry

REGISTRY: Registry = Registry(
    "ensemble",
    [Part("mean", "thresher.ensemble.mean:Mean", "plain mean of the models' probabilities")],
)


def list_ensembles(pattern: str = "*") -> list[Part]:
    """The registered ensembles whose name matches a shell pattern."""
    return REGISTRY.list(pattern)
