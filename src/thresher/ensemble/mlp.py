"""A multilayer perceptron on the logits of all models."""

from torch import nn

from thresher.ensemble.nets import NetStacker, silent


class MLP(NetStacker):
    """One hidden layer."""

    def network(self, models: int, classes: int) -> nn.Module:
        """See `NetStacker.network`."""
        return nn.Sequential(
            nn.Flatten(),
            nn.Linear(models * classes, self.width),
            nn.GELU(),
            nn.Dropout(self.dropout),
            silent(nn.Linear(self.width, classes)),
        )
