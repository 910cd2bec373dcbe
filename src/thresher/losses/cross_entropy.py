"""Cross-entropy with label smoothing."""

from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor

from thresher.losses.base import Loss


class CrossEntropy(Loss):
    """``-sum_k t_k log p_k`` with the target ``t = y (1 - a) + a / K``.

    Args:
        smoothing: ``a``, in [0, 1).
        spread: ``all`` spreads ``a`` over all K classes; ``others`` over the K-1 that are not the target.
    """

    def __init__(
        self,
        *,
        smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0,
        spread: Literal["all", "others"] = "all",
    ) -> None:
        super().__init__()
        self.smoothing, self.spread = smoothing, spread

    def per_photo(self, logits: Tensor, targets: Tensor) -> Tensor:
        """See `Loss.per_photo`."""
        classes = logits.shape[1]
        if self.spread == "all":
            targets = targets * (1 - self.smoothing) + self.smoothing / classes
        else:
            targets = targets * (1 - self.smoothing) + (1 - targets) * self.smoothing / max(classes - 1, 1)
        return -(targets * logits.log_softmax(1)).sum(1)
