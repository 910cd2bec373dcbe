"""Learning-rate schedules: closed forms of the step number, so nothing has to be saved to continue one."""

from thresher.registry import Part, Registry
from thresher.schedules.base import Schedule

REGISTRY: Registry[Schedule] = Registry(
    "schedules",
    [
        Part("constant", "thresher.schedules.constant:Constant", "the same rate throughout, after a warm-up"),
        Part(
            "cosine",
            "thresher.schedules.cosine:Cosine",
            "half a cosine down, after a warm-up",
            "arXiv:1608.03983",
        ),
    ],
)


def list_schedules(pattern: str = "*") -> list[Part]:
    """The registered schedules whose name matches a shell pattern."""
    return REGISTRY.list(pattern)
