"""Packages that only some ensembles need."""

import importlib
from typing import Any

from thresher.errors import RecipeError


def need(package: str) -> Any:
    """Imports a package of the extra ``ensemble``.

    Raises:
        RecipeError: it is not installed.
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise RecipeError(
            f"this ensemble needs the package {package}: pip install 'thresher[ensemble]'"
        ) from error
