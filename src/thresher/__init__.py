"""Thresher: from a folder of photos with noisy, unbalanced, few labels to a classifier with an honest score.

The public names are loaded when they are first used, so that ``import thresher`` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

from thresher._version import __version__

if TYPE_CHECKING:
    from thresher.classifier import PhotoClassifier
    from thresher.dataset.table import Dataset
    from thresher.pipeline.run import run
    from thresher.predictions import Predictions
    from thresher.recipe.schema import Recipe

__all__ = ["Dataset", "PhotoClassifier", "Predictions", "Recipe", "__version__", "run"]

_HOMES = {
    "Dataset": "thresher.dataset.table",
    "PhotoClassifier": "thresher.classifier",
    "Predictions": "thresher.predictions",
    "Recipe": "thresher.recipe.schema",
    "run": "thresher.pipeline.run",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'thresher' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
