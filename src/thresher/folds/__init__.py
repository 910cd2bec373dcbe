"""Folds: which rows are scored by which model, with no group in two of them."""

from thresher.folds.check import check_folds
from thresher.registry import Part, Registry

REGISTRY: Registry = Registry(
    "folds",
    [
        Part(
            "stratified",
            "thresher.folds.stratified:Stratified",
            "k folds with the class shares of the whole; groups stay together",
        ),
        Part("given", "thresher.folds.given:Given", "folds from your own file (image_id, fold)"),
    ],
)

__all__ = ["REGISTRY", "check_folds", "list_folds"]


def list_folds(pattern: str = "*") -> list[Part]:
    """The registered ways to split whose name matches a shell pattern."""
    return REGISTRY.list(pattern)
