"""How much more a nested score varies than its photos tell: others would have made another ensemble.

Redrawing photos moves the score of an ensemble as it is. But on other photos other models might have been
chosen, in several folds at once: what is lucky in one fold is chosen for the others. That scatter is found by
a jackknife: one block of folds after the other is left out, everything is fitted and scored nested on the
rest, and the variance of these scores is compared with that of the scores which are there, on the same photos
(Quenouille 1956; Efron and Stein, The jackknife estimate of variance, 1981). There is no unbiased estimate of
it (Bengio and Grandvalet 2004); of what an interval without it misses see Bates, Hastie and Tibshirani,
Cross-validation: what does it estimate and how well does it do it?, 2023.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from thresher.ensemble.base import Ensemble, Fitted, Stack
from thresher.metrics.intervals import Interval, loosened
from thresher.metrics.metric import Score, metric
from thresher.progress import SILENT, Progress

BLOCKS = 5
"""Blocks of folds that are left out at most: ten fits of pairs."""


@dataclass(frozen=True)
class Refits:
    """Ensembles that saw all blocks of photos but two.

    Attributes:
        stack: the N scored photos.
        scores: their nested scores (N, K).
        blocks: of each photo (N,), 0 .. B-1; folds stay whole.
        pairs: the ensemble that was fitted without two blocks, by their numbers, the smaller first.
    """

    stack: Stack
    scores: np.ndarray
    blocks: np.ndarray
    pairs: dict[tuple[int, int], Fitted]

    def variances(self, scores: Mapping[str, Score], minus: np.ndarray | None = None) -> dict[str, float]:
        """What refitting adds to the variance of metrics; 0 where it adds nothing, or is not known.

        Args:
            scores: the metrics by name.
            minus: scores (N, K) of something that is not fitted: the variance is that of the difference.
        """
        again: dict[str, list[float]] = {name: [] for name in scores}
        before: dict[str, list[float]] = {name: [] for name in scores}
        for block in range(int(self.blocks.max()) + 1) if self.pairs else ():
            rows = self.blocks != block
            targets, refitted = self.stack.targets[rows], self._without(block)[rows]
            for name, score in scores.items():
                base = 0.0 if minus is None else score(targets, minus[rows])
                again[name].append(score(targets, refitted) - base)
                before[name].append(score(targets, self.scores[rows]) - base)
        added = {name: _jackknife(again[name]) - _jackknife(before[name]) for name in scores}
        return {name: max(0.0, one) if np.isfinite(one) else 0.0 for name, one in added.items()}

    def loosened(self, found: Mapping[str, Interval]) -> dict[str, Interval]:
        """Intervals of the nested scores by metric, wider by what refitting adds."""
        known = {name: metric(name) for name in found}
        added = self.variances(known)
        return {name: loosened(one, added[name], known[name].limits) for name, one in found.items()}

    def _without(self, block: int) -> np.ndarray:
        """Scores (N, K) nested among the photos outside a block; its own are zero."""
        found = np.zeros_like(self.scores)
        for pair, fitted in self.pairs.items():
            if block in pair:
                held = self.blocks == (pair[0] if pair[1] == block else pair[1])
                found[held] = fitted.apply(self.stack.scores[:, held])
        return found


def refitted(
    part: Ensemble, stack: Stack, scores: np.ndarray, seed: int, progress: Progress = SILENT
) -> Refits:
    """Fits an ensemble without each pair of blocks.

    Args:
        part: which ensemble; of one that does not learn nothing is fitted.
        stack: photos with labels and folds only.
        scores: their nested scores (N, K).
        seed: of whatever is drawn.
        progress: told of every fit; there are as many as `pairs` says.
    """
    places = np.unique(stack.folds, return_inverse=True)[1] % BLOCKS
    found: dict[tuple[int, int], Fitted] = {}
    if part.learns and places.max() > 1:
        for pair in combinations(range(int(places.max()) + 1), 2):
            found[pair] = part.fit(stack.take(~np.isin(places, pair)), seed)
            progress.advance()
    return Refits(stack, scores, places, found)


def pairs(folds: int) -> int:
    """How many fits `refitted` makes where there are so many folds."""
    blocks = min(folds, BLOCKS)
    return blocks * (blocks - 1) // 2 if blocks > 2 else 0


def _jackknife(values: list[float]) -> float:
    """The jackknife's variance of a mean from what it is without each block."""
    return float((len(values) - 1) * np.var(values)) if values else 0.0
