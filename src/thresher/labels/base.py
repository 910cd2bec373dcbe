"""What a finder of wrong labels is: scores of models that did not see the photos in, suspicion out."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from thresher.errors import DataError


@dataclass(frozen=True)
class Evidence:
    """All that a finder may know of N labelled photos.

    Attributes:
        targets: given class index (N,), int64, >= 0.
        scores: out-of-fold probabilities (N, K): the mean over views, seeds and models. A class may have no
            photo at all.
        members: the same of single models or seeds (M, N, K), or None.
        embeddings: features of the photos (N, D), whose nearest neighbours show the same things; or None.
        groups: what belongs together (N,), int64: the photos of one group (copies, one person) do not vote
            for each other; or None.
    """

    targets: np.ndarray
    scores: np.ndarray
    members: np.ndarray | None = None
    embeddings: np.ndarray | None = None
    groups: np.ndarray | None = None

    @property
    def classes(self) -> int:
        """K."""
        return int(self.scores.shape[1])


@dataclass(frozen=True)
class Suspicion:
    """What a finder says of N labelled photos.

    Attributes:
        score: (N,) float64, the higher, the likelier the given label is wrong; in the finder's own unit.
        suggested: class index (N,) that fits best among those that were not given, int64.
        posterior: probability of every class being the true one (N, K), rows sum to 1; None where the finder
            has no such thing.
    """

    score: np.ndarray
    suggested: np.ndarray
    posterior: np.ndarray | None = None


class Finder:
    """Ranks photos by how likely their given label is wrong. A subclass writes `find`.

    Attributes:
        needs: what of the evidence must be there: ``embeddings``, ``members``.
        wants: what more of it the finder uses where it is there.
        draws: the finder deals folds or draws samples, so that another seed, or another order of the photos,
            changes the answer a little.
    """

    needs: ClassVar[tuple[str, ...]] = ()
    wants: ClassVar[tuple[str, ...]] = ()
    draws: ClassVar[bool] = False

    def find(self, evidence: Evidence, seed: int = 0) -> Suspicion:
        """Judges every photo; equal evidence and seed give equal answers.

        Raises:
            DataError: the evidence lacks what the finder needs.
        """
        raise NotImplementedError

    def require(self, evidence: Evidence) -> None:
        """Makes sure that the evidence has what the finder needs; `find` begins with it.

        Raises:
            DataError: names what is lacking.
        """
        lacking = [name for name in self.needs if getattr(evidence, name) is None]
        if lacking:
            name = type(self).__module__.rpartition(".")[2]
            raise DataError(f"the finder {name} needs {' and '.join(lacking)}, and there are none")


def best_other(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The class index with the highest score (N,) among those that were not given; for one class, that."""
    others = np.array(scores, dtype=np.float64)
    others[np.arange(len(targets)), targets] = -np.inf
    found: np.ndarray = others.argmax(1)
    return found


def margin(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """By how much the best other class leads the given one (N,), -1 .. 1 for probabilities (N, K)."""
    rows = np.arange(len(targets))
    lead: np.ndarray = scores[rows, best_other(scores, targets)] - scores[rows, targets]
    return lead
