"""Doubted photos get a soft label."""

import numpy as np

from thresher.dataset.teaching import Teaching
from thresher.repair.base import LEAST, Action, Doubt, Share


class Soften(Action):
    """Doubted photos teach ``(1 - s) t + s q``: the label ``t`` and what is known of the true class, ``q``.

    ``q`` is the finder's posterior, else the scores of models that did not see the label.

    Args:
        share: ``s``, in (0, 1].
        above: see `Action`.
        most: see `Action`.
    """

    softens = True

    def __init__(self, *, share: Share = 1.0, above: float | None = 0.5, most: Share = 1.0) -> None:
        super().__init__(above=above, most=most)
        self.share = share

    def change(self, teaching: Teaching, chosen: np.ndarray, doubt: Doubt) -> Teaching:
        """See `Action.change`."""
        label = teaching.rows(doubt.scores.shape[1])
        return teaching.retarget(chosen, (1 - self.share) * label + self.share * doubt.truth)

    def written(self, suggested: str, wrong: float) -> str:
        """See `Action.written`: the suggested class and the share that it gets of the label."""
        return f"{suggested}:{max(self.share * wrong, LEAST):.2f}"
