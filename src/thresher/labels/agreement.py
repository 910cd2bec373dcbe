"""Several models that give the same other answer."""

import numpy as np

from thresher.errors import DataError
from thresher.labels.base import Evidence, Finder, Suspicion, best_other


class Agreement(Finder):
    """Share of members whose answer is the same other class (teams of cassava 2020 compared their flags).

    Ties are broken by the mean score of that class, which counts less than one member's answer.
    """

    needs = ("members",)

    def find(self, evidence: Evidence, seed: int = 0) -> Suspicion:
        """See `Finder.find`; the score is 0 .. 1, times ``1 + 1 / M`` for the ties.

        Raises:
            DataError: there are fewer than two members.
        """
        self.require(evidence)
        members = evidence.members
        assert members is not None
        if len(members) < 2:
            raise DataError("the finder agreement needs two members or more, and there is one")
        rows, targets = np.arange(len(evidence.targets)), evidence.targets
        support = members.mean(0, dtype=np.float64) / len(members)
        for scores in members:
            support[rows, scores.argmax(1)] += 1 / len(members)
        suggested = best_other(support, targets)
        score = support[rows, suggested] if evidence.classes > 1 else np.zeros(len(rows))
        return Suspicion(score, suggested)
