"""Stochastic gradient descent, fused where the device has the kernel."""

from typing import Annotated, Any

import torch
from pydantic import Field


class SGD(torch.optim.SGD):
    """SGD with momentum.

    Args:
        groups: parameter groups, each with its own ``lr`` and ``weight_decay``.
        lr: learning rate of the head.
        weight_decay: L2 penalty on weights, none on biases and norms.
        momentum: share of the last step that is kept.
        nesterov: look ahead along the momentum.
    """

    def __init__(
        self,
        groups: list[dict[str, Any]],
        *,
        lr: Annotated[float, Field(gt=0)] = 0.01,
        weight_decay: Annotated[float, Field(ge=0)] = 1e-4,
        momentum: float = 0.9,
        nesterov: bool = True,
    ) -> None:
        super().__init__(
            groups, lr=lr, weight_decay=weight_decay, momentum=momentum, nesterov=nesterov, fused=True
        )
