"""What is done about labels that a finder doubts: an action changes what the photos teach."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from thresher.dataset.teaching import Teaching
from thresher.errors import RecipeError

Share = Annotated[float, Field(gt=0, le=1)]
LEAST = 0.01
"""Smallest weight and smallest share that an action gives by itself: a batch of weight 0 teaches nothing."""


@dataclass(frozen=True)
class Doubt:
    """What is known of N photos whose labels are judged.

    Attributes:
        score: (N,), the higher, the likelier the label is wrong, in the finder's own unit; nan where nothing
            is known.
        suggested: class index (N,) that fits best among those that are not taught.
        scores: probabilities (N, K) by models that did not see the photo's label.
        posterior: probability of every class being the true one (N, K), or None.
    """

    score: np.ndarray
    suggested: np.ndarray
    scores: np.ndarray
    posterior: np.ndarray | None = None

    @property
    def truth(self) -> np.ndarray:
        """The best that is known of the true class (N, K): the posterior, else the models' scores."""
        return self.scores if self.posterior is None else self.posterior

    def wrong(self, labels: np.ndarray) -> np.ndarray:
        """Probability (N,) that the labels (N,) are wrong."""
        chance: np.ndarray = 1 - self.truth[np.arange(len(labels)), labels]
        return chance.clip(0, 1)


class Action:
    """Changes what doubted photos teach. A subclass writes `change`, and `written` where a person can say it.

    A photo that a person decided on, or that is dropped already, is never touched.

    Args:
        above: photos whose score is at least this, in the finder's own unit; null for no such limit.
        most: at most this share of all photos, the most doubtful ones.

    Raises:
        RecipeError: neither limits anything.
    """

    needs_finder: ClassVar[bool] = True
    """Whether it acts on what a finder says."""
    softens: ClassVar[bool] = False
    """Whether a photo may then teach several classes: losses that need one class cannot learn from it."""
    acts: ClassVar[bool] = True
    """Whether it changes what is taught; else it only means something in corrections.csv."""

    def __init__(self, *, above: float | None = 0.5, most: Share = 1.0) -> None:
        if above is None and most == 1:
            raise RecipeError("say above or most: this would change the labels of all photos")
        self.above, self.most = above, most

    def __call__(self, teaching: Teaching, doubt: Doubt) -> Teaching:
        """What the photos teach from now on; what came in is not written to."""
        return self.change(teaching, self.chosen(teaching, doubt), doubt)

    def chosen(self, teaching: Teaching, doubt: Doubt) -> np.ndarray:
        """The photos (N,) that are acted on, bool."""
        able = teaching.kept & ~teaching.fixed & ~np.isnan(doubt.score)
        if self.above is not None:
            able &= doubt.score >= self.above
        places = np.flatnonzero(able)
        order = np.argsort(-doubt.score[places], kind="stable")
        able[places[order[int(self.most * len(teaching) + 1e-9) :]]] = False
        return np.asarray(able)

    def change(self, teaching: Teaching, chosen: np.ndarray, doubt: Doubt) -> Teaching:
        """Acts on the chosen photos (N,)."""
        raise NotImplementedError

    def written(self, suggested: str, wrong: float) -> str:
        """The cell ``new`` of corrections.csv that does the same to one photo.

        Args:
            suggested: the class that fits best.
            wrong: probability that the given one is wrong.
        """
        raise NotImplementedError


def spare_last(chosen: np.ndarray, labels: np.ndarray, kept: np.ndarray, score: np.ndarray) -> np.ndarray:
    """The chosen photos (N,) without the least doubtful one of each class that would lose all its photos.

    Args:
        chosen: photos that their class is to lose, bool.
        labels: class index (N,).
        kept: photos that teach something until now (N,), bool.
        score: doubt (N,).
    """
    spared = chosen.copy()
    for label in np.unique(labels[chosen]):
        places = np.flatnonzero(kept & (labels == label))
        if chosen[places].all():
            spared[places[score[places].argmin()]] = False
    return spared
