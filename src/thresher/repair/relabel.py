"""Doubted photos get another label."""

import numpy as np

from thresher.dataset.teaching import Teaching, one_hot
from thresher.repair.base import Action, Doubt, spare_last


class Relabel(Action):
    """Doubted photos teach the class that the finder suggests.

    A class keeps its last photo: where all of a class are doubted, the least doubtful one stays as it is.
    """

    def change(self, teaching: Teaching, chosen: np.ndarray, doubt: Doubt) -> Teaching:
        """See `Action.change`."""
        chosen = spare_last(chosen, teaching.lead, teaching.kept, doubt.score)
        return teaching.retarget(chosen, one_hot(doubt.suggested, doubt.scores.shape[1]))

    def written(self, suggested: str, wrong: float) -> str:
        """See `Action.written`: the new class."""
        return suggested
