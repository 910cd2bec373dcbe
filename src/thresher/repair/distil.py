"""Self-distillation: every photo also learns what models that did not see its label say of it."""

import numpy as np

from thresher.dataset.teaching import Teaching
from thresher.repair.base import Action, Doubt, Share


class Distil(Action):
    """All photos teach ``(1 - s) t + s q``: the label ``t`` and out-of-fold scores ``q``.

    The winner of Plant Pathology 2020 (S25) mixed them 3:7. A photo whose label is doubted moves most, and no
    threshold has to be chosen.

    Args:
        share: ``s``, in (0, 1].
    """

    needs_finder = False
    softens = True

    def __init__(self, *, share: Share = 0.3) -> None:
        super().__init__()
        self.share = share

    def chosen(self, teaching: Teaching, doubt: Doubt) -> np.ndarray:
        """See `Action.chosen`: all that may be touched."""
        chosen: np.ndarray = teaching.kept & ~teaching.fixed
        return chosen

    def change(self, teaching: Teaching, chosen: np.ndarray, doubt: Doubt) -> Teaching:
        """See `Action.change`."""
        label = teaching.rows(doubt.scores.shape[1])
        return teaching.retarget(chosen, (1 - self.share) * label + self.share * doubt.scores)
