"""Averages of the weights along the way."""

from thresher.registry import Part, Registry
from thresher.training.averaging.base import Averaging

REGISTRY: Registry[Averaging] = Registry(
    "averaging",
    [
        Part("none", "thresher.training.averaging.base:Averaging", "the weights of the last step"),
        Part(
            "ema",
            "thresher.training.averaging.ema:EMA",
            "exponential moving average, per step",
            "Polyak and Juditsky 1992",
        ),
        Part(
            "swa",
            "thresher.training.averaging.swa:SWA",
            "mean of the weights after each late epoch",
            "arXiv:1803.05407",
        ),
    ],
)


def list_averagings(pattern: str = "*") -> list[Part]:
    """The registered averages whose name matches a shell pattern."""
    return REGISTRY.list(pattern)
