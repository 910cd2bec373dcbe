"""The loss of the given label, averaged over models or seeds."""

from typing import Annotated

import numpy as np
from pydantic import Field

from thresher.labels.base import Evidence, Finder, Suspicion, best_other
from thresher.metrics.scores import photo_losses


class LossOverSeeds(Finder):
    """``mean + spread * deviation`` of ``-ln p[given]`` over members (Huang et al. 2019, O2U-Net).

    A high loss under every member is a wrong label; one that changes from member to member is a photo that
    the models are unsure of. With one member it is the loss alone.

    Args:
        spread: how much the standard deviation over members counts.
    """

    needs = ("members",)

    def __init__(self, *, spread: Annotated[float, Field(ge=0)] = 0.0) -> None:
        self.spread = spread

    def find(self, evidence: Evidence, seed: int = 0) -> Suspicion:
        """See `Finder.find`; the score is a cross-entropy, >= 0.

        Raises:
            DataError: there are no members.
        """
        self.require(evidence)
        assert evidence.members is not None
        losses = np.stack([photo_losses(evidence.targets, scores) for scores in evidence.members])
        score = losses.mean(0) + self.spread * losses.std(0)
        return Suspicion(score, best_other(evidence.members.mean(0), evidence.targets))
