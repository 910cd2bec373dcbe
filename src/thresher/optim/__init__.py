"""Optimizers over parameter groups."""

from thresher.registry import Part, Registry

REGISTRY: Registry = Registry(
    "optim",
    [
        Part("adamw", "thresher.optim.adamw:AdamW", "Adam with decoupled weight decay", "arXiv:1711.05101"),
        Part("sgd", "thresher.optim.sgd:SGD", "stochastic gradient descent with Nesterov momentum", ""),
    ],
)


def list_optimizers(pattern: str = "*") -> list[Part]:
    """The registered optimizers whose name matches a shell pattern."""
    return REGISTRY.list(pattern)
