"""Labels that the summed scores of several views contradict with confidence."""

from typing import Annotated

import numpy as np
from pydantic import Field

from thresher.labels.base import Evidence, Finder, Suspicion, best_other, margin


class OofThreshold(Finder):
    """Answer is not the given label, and the summed score of the answer reaches a threshold.

    The source shows each photo as ``copies`` randomly changed copies and sums their probabilities; with
    scores that are means over views, the sum is ``copies`` times the score. Flagged photos come first, the
    highest sum at the top; the others follow by the lead of the best other class.

    Args:
        copies: over how many views the sum goes.
        threshold: of the sum, 0 .. copies; the source takes 0.8 for each copy.
    """

    def __init__(
        self, *, copies: Annotated[int, Field(ge=1)] = 2, threshold: Annotated[float, Field(ge=0)] = 2 * 0.8
    ) -> None:
        self.copies = copies
        self.threshold = threshold

    def find(self, evidence: Evidence, seed: int = 0) -> Suspicion:
        """See `Finder.find`; the score is above 1 for flagged photos, else -1 .. 1."""
        scores, targets = evidence.scores, evidence.targets
        value = self.copies * scores.max(1, initial=0.0)
        flagged = (scores.argmax(1) != targets) & (value >= self.threshold)
        score = np.where(flagged, 1.0 + value, margin(scores, targets))
        return Suspicion(score, best_other(scores, targets))
