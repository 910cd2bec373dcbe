"""A classifier of photos as they are: uint8 in, logits out, normalisation inside."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from thresher.models.power import power


class PhotoModel(nn.Module):
    """Normalisation, a timm backbone that ends in pooled features, dropout and a linear head.

    Photos are uint8 (N, S, S, 3) RGB, as they lie in the cache. Their permutation to (N, 3, S, S) moves no
    data: it is what PyTorch calls channels_last. Normalisation is part of the graph and travels with exports.
    """

    mean: Tensor
    std: Tensor

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
        super().__init__()
        self.width = width
        self.backbone = backbone
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, classes)
        nn.init.trunc_normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32))
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32))

    def normalise(self, photos: Tensor) -> Tensor:
        """Photos (N, S, S, 3), uint8 or float in 0..255 -> float (N, 3, S, S) in channels_last."""
        return normalise(photos, self.mean, self.std)

    def embed(self, photos: Tensor) -> Tensor:
        """Photos (N, S, S, 3) -> power-normalised features (N, D), float32 or better."""
        features: Tensor = self.backbone(self.normalise(photos))
        return power(features.to(torch.promote_types(features.dtype, torch.float32)))

    def embedder(self) -> "Embedder":
        """The model without its head, sharing weights: what an engine runs for features."""
        return Embedder(self)

    def forward(self, photos: Tensor) -> Tensor:
        """Photos (N, S, S, 3) -> logits (N, K)."""
        logits: Tensor = self.head(self.dropout(self.embed(photos)))
        return logits


class Embedder(nn.Module):
    """Photos uint8 (N, S, S, 3) -> features (N, D)."""

    mean: Tensor
    std: Tensor

    def __init__(self, model: PhotoModel) -> None:
        """Shares the backbone of a model; its head is left behind, so that it does not count in digests."""
        super().__init__()
        self.backbone = model.backbone
        self.training = model.training
        self.register_buffer("mean", model.mean)
        self.register_buffer("std", model.std)

    def forward(self, photos: Tensor) -> Tensor:
        """Photos (N, S, S, 3) -> features (N, D)."""
        features: Tensor = self.backbone(normalise(photos, self.mean, self.std))
        return power(features.to(torch.promote_types(features.dtype, torch.float32)))


def normalise(photos: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Photos (N, S, S, 3), uint8 or float in 0..255 -> float (N, 3, S, S) in channels_last.

    Args:
        photos: RGB.
        mean: (3,) of values in 0..1.
        std: (3,) of values in 0..1.
    """
    return (photos.to(mean.dtype) * (1 / (255 * std)) - mean / std).permute(0, 3, 1, 2)
