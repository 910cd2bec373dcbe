"""How far another class is ahead of the given one."""

from thresher.labels.base import Evidence, Finder, Suspicion, best_other, margin


class NormalisedMargin(Finder):
    """``1 - (p[given] - max other + 1) / 2`` (the normalized margin of cleanlab, arXiv:1911.00068)."""

    def find(self, evidence: Evidence, seed: int = 0) -> Suspicion:
        """See `Finder.find`; the score is 0 .. 1, above 1/2 where another class is ahead."""
        lead = margin(evidence.scores, evidence.targets)
        return Suspicion((1.0 + lead) / 2, best_other(evidence.scores, evidence.targets))
