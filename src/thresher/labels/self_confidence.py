"""The probability that the models give to the other classes."""

import numpy as np

from thresher.labels.base import Evidence, Finder, Suspicion, best_other


class SelfConfidence(Finder):
    """``1 - p[given]`` (the self-confidence of Northcutt et al. 2021, arXiv:1911.00068)."""

    def find(self, evidence: Evidence, seed: int = 0) -> Suspicion:
        """See `Finder.find`; the score is 0 .. 1."""
        given = evidence.scores[np.arange(len(evidence.targets)), evidence.targets]
        return Suspicion(1.0 - given, best_other(evidence.scores, evidence.targets))
