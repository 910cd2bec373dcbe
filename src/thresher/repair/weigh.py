"""Doubted photos count less."""

from typing import Annotated

import numpy as np
from pydantic import Field

from thresher.dataset.teaching import Teaching
from thresher.repair.base import LEAST, Action, Doubt, Share


class Weigh(Action):
    """Doubted photos count ``w`` times what they did.

    Args:
        factor: ``w``, in (0, 1); default: the probability that the label is right, at least 0.01.
        above: see `Action`.
        most: see `Action`.
    """

    def __init__(
        self,
        *,
        factor: Annotated[float, Field(gt=0, lt=1)] | None = None,
        above: float | None = 0.5,
        most: Share = 1.0,
    ) -> None:
        super().__init__(above=above, most=most)
        self.factor = factor

    def change(self, teaching: Teaching, chosen: np.ndarray, doubt: Doubt) -> Teaching:
        """See `Action.change`."""
        return teaching.reweigh(chosen, self._factors(doubt.wrong(teaching.lead)))

    def written(self, suggested: str, wrong: float) -> str:
        """See `Action.written`: the weight."""
        return f"{min(float(self._factors(np.array(wrong))), 1 - LEAST):.2f}"

    def _factors(self, wrong: np.ndarray) -> np.ndarray:
        """What photos whose label is wrong with these probabilities (N,) count."""
        return (1 - wrong).clip(LEAST, 1) if self.factor is None else np.full(wrong.shape, self.factor)
