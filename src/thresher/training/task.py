"""A task turns a batch into a loss. The loop knows nothing else of what is learned."""

from dataclasses import dataclass

from torch import Tensor, nn

from thresher.losses.base import Loss


@dataclass(frozen=True)
class Batch:
    """What a step sees.

    Attributes:
        photos: (B, S, S, 3), uint8.
        targets: class index (B,), or soft (B, K).
        weight: weight per photo (B,), or None.
    """

    photos: Tensor
    targets: Tensor
    weight: Tensor | None = None


@dataclass(frozen=True)
class Supervised:
    """Given labels, one loss."""

    loss: Loss

    def __call__(self, model: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Returns ``{"loss": scalar, "logits": (B, K)}``."""
        logits = model(batch.photos)
        return {"loss": self.loss(logits, batch.targets, weight=batch.weight), "logits": logits}
