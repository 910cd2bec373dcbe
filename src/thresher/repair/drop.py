"""Doubted photos are left out."""

import numpy as np

from thresher.dataset.teaching import Teaching
from thresher.repair.base import Action, Doubt, spare_last


class Drop(Action):
    """Doubted photos teach nothing.

    A class keeps its last photo: where all of a class are doubted, the least doubtful one stays.
    """

    def change(self, teaching: Teaching, chosen: np.ndarray, doubt: Doubt) -> Teaching:
        """See `Action.change`."""
        return teaching.without(spare_last(chosen, teaching.lead, teaching.kept, doubt.score))

    def written(self, suggested: str, wrong: float) -> str:
        """See `Action.written`: nothing is to be said."""
        return ""
