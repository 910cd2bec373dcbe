"""A schedule is a pure function: the share of the base rate at a step."""

from typing import Annotated

from pydantic import Field

Share = Annotated[float, Field(ge=0, lt=1)]


class Schedule:
    """The learning rate as a share of each group's base rate, with a linear warm-up in front.

    Args:
        warmup: share of all steps, in [0, 1), over which the rate climbs from near 0 to its full value.
    """

    def __init__(self, *, warmup: Share = 0.0) -> None:
        self.warmup = warmup

    def factor(self, step: int, steps: int) -> float:
        """The share at ``step`` of ``steps`` (the first step is 0), in [0, 1]."""
        warm = self.warmup * steps
        if step < warm:
            return (step + 1) / (warm + 1)
        return self.shape((step - warm) / max(steps - warm, 1))

    def shape(self, progress: float) -> float:
        """The share when ``progress`` in [0, 1) of the steps after the warm-up is done."""
        raise NotImplementedError
