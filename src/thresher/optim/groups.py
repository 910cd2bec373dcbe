"""Which parameters learn at which rate, and which decay."""

from typing import Any

from torch import nn


def parameter_groups(
    head: nn.Module, body: nn.Module | None, lr: float, body_lr: float, decay: float
) -> list[dict[str, Any]]:
    """Up to four groups: head and body, each with and without weight decay.

    Biases and the weights of norms (every parameter with fewer than two dimensions) do not decay: they have
    no scale to shrink. Parameters that do not learn (``requires_grad`` off) are left out.

    Args:
        head: learns at ``lr``.
        body: learns at ``lr * body_lr``; None when only the head learns.
        lr: learning rate of the head.
        body_lr: the body's rate as a share of ``lr``.
        decay: weight decay of the parameters that decay.
    """
    groups: list[dict[str, Any]] = []
    for module, rate in ((head, lr), (body, lr * body_lr)):
        if module is None or rate == 0:
            continue
        learning = [parameter for parameter in module.parameters() if parameter.requires_grad]
        for parameters, weight_decay in (
            ([p for p in learning if p.ndim >= 2], decay),
            ([p for p in learning if p.ndim < 2], 0.0),
        ):
            if parameters:
                groups.append({"params": parameters, "lr": rate, "weight_decay": weight_decay})
    return groups
