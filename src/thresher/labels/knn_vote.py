"""What the labels of the photos that look alike say."""

from typing import Annotated

import numpy as np
from pydantic import Field

from thresher.labels.base import Evidence, Finder, Suspicion, best_other
from thresher.labels.neighbours import nearest


class KnnVote(Finder):
    """``1 - share`` of the nearest neighbours that have the given label (Zhu et al. 2022, arXiv:2110.06283).

    Neighbours are those of `nearest`; each votes for its label with its cosine similarity (not below 0).
    The share is ``(votes[given] + smoothing / K) / (all votes + smoothing)``, so that a photo without
    neighbours says 1/K of every class.

    Args:
        k: how many neighbours vote.
        smoothing: votes that are spread evenly over the classes.
    """

    needs = ("embeddings",)

    def __init__(
        self, *, k: Annotated[int, Field(ge=1)] = 10, smoothing: Annotated[float, Field(gt=0)] = 1.0
    ) -> None:
        self.k = k
        self.smoothing = smoothing

    def find(self, evidence: Evidence, seed: int = 0) -> Suspicion:
        """See `Finder.find`; the score is 0 .. 1.

        Raises:
            DataError: there are no embeddings.
        """
        self.require(evidence)
        assert evidence.embeddings is not None
        targets, classes = evidence.targets, evidence.classes
        indices, similarity = nearest(evidence.embeddings, self.k, evidence.groups)
        weight = np.clip(similarity, 0, None).astype(np.float64)
        cells = np.arange(len(targets))[:, None] * classes + targets[indices]  # index -1 weighs nothing
        votes = np.bincount(cells.ravel(), weight.ravel(), minlength=len(targets) * classes)
        votes = votes.reshape(len(targets), classes)
        share = (votes + self.smoothing / classes) / (votes.sum(1, keepdims=True) + self.smoothing)
        # Of classes with equal votes the scores choose.
        suggested = best_other(share + 1e-9 * evidence.scores, targets)
        return Suspicion(1.0 - share[np.arange(len(targets)), targets], suggested)
