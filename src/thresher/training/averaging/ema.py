"""Exponential moving average of the weights."""

from typing import Annotated

import torch
from pydantic import Field
from torch import nn

from thresher.training.averaging.base import Averaging


class EMA(Averaging):
    """``average = d average + (1 - d) weights`` after every step.

    The decay climbs as ``min(decay, (1 + n) / (10 + n))`` with the number of steps n, so that a short run is
    not dominated by its first weights.

    Args:
        model: the model that is trained.
        decay: of the average per step, in (0, 1).
    """

    def __init__(self, model: nn.Module, *, decay: Annotated[float, Field(gt=0, lt=1)] = 0.99) -> None:
        super().__init__(model)
        self.decay = decay
        self._start()

    @torch.no_grad()
    def after_step(self) -> None:
        """Moves the average towards the weights."""
        self.count += 1
        decay = min(self.decay, (1 + self.count) / (10 + self.count))
        torch._foreach_lerp_(list(self.shadow.values()), list(self.live.values()), 1 - decay)
