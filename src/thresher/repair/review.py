"""Doubted photos wait for a person."""

import numpy as np

from thresher.dataset.teaching import Teaching
from thresher.repair.base import Action, Doubt


class Review(Action):
    """Nothing changes: a person is to look. It means something in corrections.csv only."""

    acts = False

    def change(self, teaching: Teaching, chosen: np.ndarray, doubt: Doubt) -> Teaching:
        """See `Action.change`."""
        return teaching

    def written(self, suggested: str, wrong: float) -> str:
        """See `Action.written`: what the person may think of."""
        return suggested
