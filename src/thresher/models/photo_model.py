"""A classifier of photos as they are: uint8 in, logits out, normalisation inside."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from thresher.models.power import power


class Embedder(nn.Module):
    """Photos uint8 (N, S, S, 3) RGB, as they lie in the cache, to features (N, D).

    The photos' permutation to (N, 3, S, S) moves no data: it is what PyTorch calls channels_last.
    Normalisation is part of the graph and travels with exports.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: nn.Module, width: int, mean: Tensor, std: Tensor) -> None:
        """Puts the parts together.

        Args:
            backbone: images (N, 3, S, S) -> features (N, D).
            width: D.
            mean: (3,), per channel, of values in 0..1.
            std: (3,), per channel, of values in 0..1.
        """
        super().__init__()
        self.width = width
        self.backbone = backbone
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)

    def normalise(self, photos: Tensor) -> Tensor:
        """Photos (N, S, S, 3), uint8 or float in 0..255 -> float (N, 3, S, S) in channels_last."""
        scaled = photos.to(self.mean.dtype) * (1 / (255 * self.std)) - self.mean / self.std
        return scaled.permute(0, 3, 1, 2)

    def embed(self, photos: Tensor) -> Tensor:
        """Photos (N, S, S, 3) -> power-normalised features (N, D), float32 or better."""
        features: Tensor = self.backbone(self.normalise(photos))
        return power(features.to(torch.promote_types(features.dtype, torch.float32)))

    def forward(self, photos: Tensor) -> Tensor:
        """Photos (N, S, S, 3) -> features (N, D)."""
        return self.embed(photos)


class PhotoModel(Embedder):
    """Normalisation, a timm backbone that ends in pooled features, dropout and a linear head."""

    def __init__(
        self,
        backbone: nn.Module,
        width: int,
        classes: int,
        mean: Sequence[float],
        std: Sequence[float],
        *,
        dropout: float = 0.0,
    ) -> None:
        """Puts the parts together; the head is drawn from PyTorch's global generator, which the caller seeds.

        Args:
            backbone: images (N, 3, S, S) -> features (N, D).
            width: D.
            classes: K.
            mean: per channel, of values in 0..1.
            std: per channel, of values in 0..1.
            dropout: share of features left out before the head while training, 0..1.
        """
        statistics = (torch.tensor(values, dtype=torch.float32) for values in (mean, std))
        super().__init__(backbone, width, *statistics)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, classes)
        nn.init.trunc_normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def embedder(self) -> Embedder:
        """The model without its head, sharing weights: what an engine runs for features."""
        made = Embedder(self.backbone, self.width, self.mean, self.std)
        made.training = self.training
        return made

    def forward(self, photos: Tensor) -> Tensor:
        """Photos (N, S, S, 3) -> logits (N, K)."""
        logits: Tensor = self.head(self.dropout(self.embed(photos)))
        return logits
