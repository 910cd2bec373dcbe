"""Cosine annealing."""

import math

from thresher.schedules.base import Schedule, Share


class Cosine(Schedule):
    """``floor + (1 - floor) (1 + cos(pi progress)) / 2`` (Loshchilov and Hutter 2017).

    Args:
        warmup: share of all steps for the linear climb.
        floor: share of the base rate at the end.
    """

    def __init__(self, *, warmup: Share = 0.0, floor: Share = 0.0) -> None:
        super().__init__(warmup=warmup)
        self.floor = floor

    def shape(self, progress: float) -> float:
        """See `Schedule.shape`."""
        return self.floor + (1 - self.floor) * (1 + math.cos(math.pi * progress)) / 2
