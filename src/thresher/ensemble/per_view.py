"""One weight per model and view (S21)."""

import numpy as np

from thresher.ensemble.base import Stack
from thresher.ensemble.search import Search
from thresher.errors import RecipeError
from thresher.recipe.part import build, part

MARK = "@"
"""``model@view`` names the scores of one view of a model."""


class PerView(Search):
    """Searches weights of all views of all models together, where their scores come apart.

    A view is one more set of scores, named ``model@view``: ``b4@full``, ``b4@centre``. What differs from the
    search itself is what is told: weights per model, and per view inside it.

    Args:
        search: finds the weights (S21: Optuna).
    """

    def __init__(
        self,
        *,
        search: part("ensemble") = {"name": "optuna"},  # type: ignore[valid-type]  # noqa: B006
    ) -> None:
        found = build("ensemble", search)
        if not isinstance(found, Search) or isinstance(found, PerView):
            raise RecipeError(f"ensemble 'per_view': {search['name']!r} is no search for weights")
        self.search = found

    def weigh(self, stack: Stack, seed: int) -> np.ndarray:
        """See `Search.weigh`."""
        return self.search.weigh(stack, seed)


def by_model(weights: dict[str, float]) -> dict[str, dict[str, float]]:
    """Weights by ``model@view`` as weights by model and view; '' for a model without views."""
    found: dict[str, dict[str, float]] = {}
    for name, weight in weights.items():
        model, _, view = name.partition(MARK)
        found.setdefault(model, {})[view] = weight
    return found
