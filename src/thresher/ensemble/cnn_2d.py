"""A two-dimensional convolution over the matrix of models and classes (S18)."""

from torch import nn

from thresher.ensemble.nets import NetStacker, silent

CHANNELS = 8


class CNN2D(NetStacker):
    """The models' logits as a picture of M x K pixels: two convolutions of 3 x 3, one hidden layer, one more.

    The models stand in the order of their log-loss, so that neighbours are about as good.
    """

    def network(self, models: int, classes: int) -> nn.Module:
        """See `NetStacker.network`."""
        return nn.Sequential(
            nn.Unflatten(1, (1, models)),
            nn.Conv2d(1, CHANNELS, 3, padding=1),
            nn.GELU(),
            nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1),
            nn.GELU(),
            nn.Flatten(),
            nn.Linear(CHANNELS * models * classes, self.width),
            nn.GELU(),
            nn.Dropout(self.dropout),
            silent(nn.Linear(self.width, classes)),
        )
