"""What can be said of a data set before anything is trained."""

from thresher.inspect.inspection import Inspection, summarise

__all__ = ["Inspection", "summarise"]
