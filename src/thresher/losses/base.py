"""What every loss shares: index or soft targets, weights per class and per photo, a weighted mean."""

import torch
from torch import Tensor, nn


class Loss(nn.Module):
    """A loss per photo, averaged with weights. A subclass writes `per_photo` and nothing else."""

    def forward(
        self,
        logits: Tensor,
        targets: Tensor,
        class_weight: Tensor | None = None,
        weight: Tensor | None = None,
    ) -> Tensor:
        """The weighted mean over the batch.

        Args:
            logits: (N, K), any floating type; computed in at least float32.
            targets: class index (N,), int64, or a distribution (N, K).
            class_weight: (K,); a photo counts with the weight of its target (its mean under a soft target).
            weight: (N,); weight 2 equals the photo twice.

        Returns:
            a scalar.
        """
        logits = logits if logits.dtype == torch.float64 else logits.float()
        soft = targets.to(logits.dtype) if targets.ndim == 2 else one_hot(targets, logits)
        losses = self.per_photo(logits, soft)
        weights = torch.ones_like(losses) if weight is None else weight.to(losses.dtype)
        if class_weight is not None:
            weights = weights * (soft @ class_weight.to(soft.dtype))
        return (losses * weights).sum() / weights.sum()

    def per_photo(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Loss of each photo (N,) from logits (N, K) and soft targets (N, K)."""
        raise NotImplementedError


def one_hot(targets: Tensor, logits: Tensor) -> Tensor:
    """Class indices (N,) as rows of 0 and 1 (N, K) in the type of the logits."""
    return nn.functional.one_hot(targets, logits.shape[1]).to(logits.dtype)
