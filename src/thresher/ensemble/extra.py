"""Packages that only some ensembles need."""

import importlib.util

from thresher.errors import RecipeError


def require(package: str) -> None:
    """Makes sure, without importing it, that a package of the extra ``ensemble`` is installed.

    Raises:
        RecipeError: it is not.
    """
    if importlib.util.find_spec(package) is None:
        raise RecipeError(f"this ensemble needs the package {package}: pip install 'thresher[ensemble]'")
