"""A one-dimensional convolution along the models (S18)."""

from torch import Tensor, nn

from thresher.ensemble.nets import NetStacker, silent


class CNN1D(NetStacker):
    """Models are places, classes are channels; two convolutions of three neighbours, then one layer.

    The models stand in the order of their log-loss, so that neighbours are about as good.
    """

    def network(self, models: int, classes: int) -> nn.Module:
        """See `NetStacker.network`."""
        return nn.Sequential(
            _ClassesFirst(),
            nn.Conv1d(classes, self.width, 3, padding=1),
            nn.GELU(),
            nn.Conv1d(self.width, self.width, 3, padding=1),
            nn.GELU(),
            nn.Flatten(),
            nn.Dropout(self.dropout),
            silent(nn.Linear(self.width * models, classes)),
        )


class _ClassesFirst(nn.Module):
    def forward(self, logits: Tensor) -> Tensor:
        """(N, M, K) -> (N, K, M)."""
        return logits.transpose(1, 2)
