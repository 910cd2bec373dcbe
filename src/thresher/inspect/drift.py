"""Adversarial validation: can photos of two sources be told apart, and which give it away?

A classifier learns to tell one source from the other and is scored on photos that it did not see. If it can,
the sources differ, and a score on the one says less of the other.
"""

from dataclasses import dataclass, replace

import numpy as np

from thresher.seeds import generator

FOLDS, RESAMPLES = 5, 1000
MOST = 4000
"""Photos that are looked at, of both sources together: enough for an interval of two points."""
STRENGTH = 0.01
"""C of the logistic regression, on embeddings whose columns have variance 1 on average."""
FEWEST = 10
"""Photos that each source must have."""
HARDLY, SOMEWHAT, WELL = 0.6, 0.75, 0.9
"""AUCs from which sources can be told apart somewhat, well, and nearly always."""


@dataclass(frozen=True)
class Drift:
    """How well two sources can be told apart.

    Attributes:
        names: the first and the second source.
        rows: photos that were looked at (M,).
        second: whether each is of the second source (M,), bool.
        scores: log-odds of the second source (M,), each by a model that saw neither the photo nor its group.
        auc: chance that a photo of the second source gets a higher score than one of the first; .5 where
            nothing tells them apart.
        low, high: its 95 % bootstrap interval, over groups.
    """

    names: tuple[str, str]
    rows: np.ndarray
    second: np.ndarray
    scores: np.ndarray
    auc: float
    low: float
    high: float

    @property
    def sentence(self) -> str:
        """The answer in plain words."""
        pair = " and ".join(self.names)
        pair = pair[0].upper() + pair[1:]
        told = f"AUC {self.auc:.2f} ({self.low:.2f} to {self.high:.2f})"
        if self.low <= 0.5:
            return f"{pair} cannot be told apart by their photos ({told}; .5 is guessing)."
        words = ((WELL, "nearly always"), (SOMEWHAT, "well"), (HARDLY, "somewhat"), (0.0, "hardly"))
        how = next(word for auc, word in words if self.auc >= auc)
        more = " A score on the one may not hold for the other." if self.auc >= SOMEWHAT else ""
        return f"{pair} can {how} be told apart by their photos ({told}; .5 is guessing).{more}"

    def at(self, rows: np.ndarray) -> "Drift":
        """The same where the photos that were given are ``rows`` (N,) of a larger table."""
        return replace(self, rows=rows[self.rows])

    def telling(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """The rows of each source that give it away most, the most telling first; ``count`` at most."""
        order = np.argsort(self.scores, kind="stable")
        return (
            self.rows[order[~self.second[order]]][:count],
            self.rows[order[::-1][self.second[order[::-1]]]][:count],
        )


def measure_drift(
    embeddings: np.ndarray,
    second: np.ndarray,
    names: tuple[str, str],
    groups: np.ndarray | None = None,
    seed: int = 0,
) -> Drift | None:
    """Adversarial validation by logistic regression on embeddings, in five folds.

    Args:
        embeddings: float (N, D).
        second: whether each photo is of the second source (N,), bool.
        names: of the two sources.
        groups: codes (N,) of what belongs together (a person, copies of a photo): it never stands in two
            folds, or the photos of a person would give each other away.
        seed: of drawing photos, folds and resamples.

    Returns:
        None where a source has fewer than 10 photos, or all are in fewer than five groups.
    """
    if min(second.sum(), (~second).sum()) < FEWEST:
        return None
    rng = generator(seed, "drift")
    rows = np.arange(len(second))
    if len(rows) > MOST:
        rows = np.sort(np.concatenate([_drawn(np.flatnonzero(second == side), rng) for side in (0, 1)]))
    own = np.arange(len(rows)) if groups is None else np.unique(groups[rows], return_inverse=True)[1]
    if own.max() + 1 < FOLDS:
        return None
    scores = _scores(embeddings[rows], second[rows], own, rng)
    auc, low, high = auc_interval(scores, second[rows], own, seed)
    return Drift(names, rows, second[rows], scores, auc, low, high)


def auc_interval(
    scores: np.ndarray, second: np.ndarray, groups: np.ndarray, seed: int = 0
) -> tuple[float, float, float]:
    """The area under the ROC curve, with the 95 % percentile bootstrap interval over groups.

    Args:
        scores: (N,), higher for the second source.
        second: (N,), bool.
        groups: code of each photo (N,), 0 .. G-1.
        seed: of the draws.
    """
    rng = generator(seed, "auc")
    count = int(groups.max()) + 1
    order = np.argsort(scores, kind="stable")
    values, place = np.unique(scores[order], return_inverse=True)

    # Weighted photos of each source at each score: ties count a half.
    def area(weights: np.ndarray) -> float:
        own = weights[order]
        ones = np.bincount(place, own * second[order], minlength=len(values))
        others = np.bincount(place, own * ~second[order], minlength=len(values))
        total = ones.sum() * others.sum()
        return float((ones * (np.cumsum(others) - others / 2)).sum() / total) if total else float("nan")

    drawn = [
        area(np.bincount(rng.integers(0, count, count), minlength=count)[groups].astype(np.float64))
        for _ in range(RESAMPLES)
    ]
    low, high = np.nanquantile(drawn, (0.025, 0.975))
    return area(np.ones(len(scores))), float(low), float(high)


def _drawn(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """At most half of `MOST` of one source."""
    return rng.choice(rows, min(len(rows), MOST // 2), replace=False)


def _scores(
    embeddings: np.ndarray, second: np.ndarray, groups: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Log-odds (N,) by models that did not see the photo's group."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold
    from threadpoolctl import threadpool_limits

    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=int(rng.integers(2**31)))
    scores = np.zeros(len(second))
    with threadpool_limits(1):  # equal bits on any number of cores
        for train, held in splitter.split(embeddings, second, groups):
            centre = embeddings[train].mean(axis=0)
            scale = np.sqrt(((embeddings[train] - centre) ** 2).mean()) + 1e-12
            model = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=500)
            model.fit((embeddings[train] - centre) / scale, second[train])
            scores[held] = model.decision_function((embeddings[held] - centre) / scale)
    return scores
