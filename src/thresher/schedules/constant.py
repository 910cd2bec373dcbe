"""A constant rate."""

from thresher.schedules.base import Schedule


class Constant(Schedule):
    """The full rate throughout, after the warm-up."""

    def shape(self, progress: float) -> float:
        """See `Schedule.shape`."""
        return 1.0
