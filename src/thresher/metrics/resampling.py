"""How sure any metric is, and whether one set of scores beats another by more than luck.

The metrics of `thresher.metrics.scores` and those that are means over photos are redrawn as array algebra;
AUC and functions of the user's are computed draw by draw, and therefore with fewer draws.
"""

from collections.abc import Sequence

import numpy as np

from thresher.metrics.bootstrap import draw, metrics_of, unit_sums
from thresher.metrics.intervals import Interval, bounds
from thresher.metrics.metric import Metric
from thresher.metrics.ranking import reciprocal_ranks
from thresher.metrics.scores import METRICS
from thresher.seeds import generator

SLOW = 400
"""Most draws of a metric that must be computed draw by draw."""


def redraw(
    metric: Metric,
    targets: np.ndarray,
    matrices: Sequence[np.ndarray],
    units: np.ndarray,
    resamples: int = 2000,
    seed: int = 0,
) -> np.ndarray:
    """The metric of several sets of scores on the same redrawn photos.

    Args:
        metric: what is measured.
        targets: class indices (N,).
        matrices: S sets of probabilities (N, K).
        units: which photos are drawn together (N,), 0 .. G-1; see `thresher.metrics.bootstrap.unit_index`.
        resamples: draws; at most `SLOW` where there is no array algebra for the metric.
        seed: of the draws.

    Returns:
        (S, draws) float64; column by column from the same photos.
    """
    from scipy.sparse import csr_array, vstack

    photos, groups = len(targets), int(units.max()) + 1
    if metric.name in METRICS:
        sums = [unit_sums(targets, scores, units) for scores in matrices]
        width = sums[0].shape[0]
        found = [
            [metrics_of(part[:, at : at + width])[metric.name] for at in range(0, width * len(sums), width)]
            for part in draw(vstack(sums, format="csr"), resamples, seed)
        ]
        return np.concatenate(found, axis=1)
    if metric.k is not None:
        values = [reciprocal_ranks(targets, scores, metric.k) for scores in matrices]
        rows = np.repeat(np.arange(len(values) + 1), photos)
        cells = (rows, np.tile(units, len(values) + 1))
        totals = csr_array(
            (np.concatenate([*values, np.ones(photos)]), cells), shape=(len(values) + 1, groups)
        )
        return np.concatenate([part[:, :-1] / part[:, -1:] for part in draw(totals, resamples, seed)]).T
    order = np.argsort(units, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(units, minlength=groups))[:-1])
    rng = generator(seed, "bootstrap one by one")
    drawn = []
    for _ in range(min(resamples, SLOW)):
        rows = np.concatenate([members[unit] for unit in rng.integers(0, groups, groups)])
        drawn.append([metric(targets[rows], scores[rows]) for scores in matrices])
    return np.array(drawn).T


def interval(
    metric: Metric,
    targets: np.ndarray,
    scores: np.ndarray,
    units: np.ndarray,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """The metric of scores (N, K) with its 95 % bootstrap interval; arguments as `redraw`."""
    low, high = bounds(redraw(metric, targets, [scores], units, resamples, seed).T)
    return Interval(value=metric(targets, scores), low=float(low[0]), high=float(high[0]))


def luck(
    metric: Metric,
    targets: np.ndarray,
    scores: np.ndarray,
    other: np.ndarray,
    units: np.ndarray,
    resamples: int = 2000,
    seed: int = 0,
) -> float:
    """How likely ``other`` looks at least this much better than ``scores`` by luck: one-sided p.

    Of accuracy without groups it is McNemar's exact test (1947); else the share of paired bootstrap draws in
    which ``other`` is not better. Arguments as `redraw`.
    """
    if metric.name == "accuracy" and len(np.unique(units)) == len(units):
        from scipy.stats import binomtest

        before, after = scores.argmax(1) == targets, other.argmax(1) == targets
        gained, lost = int((after & ~before).sum()), int((before & ~after).sum())
        if not gained + lost:
            return 1.0
        return float(binomtest(gained, gained + lost, alternative="greater").pvalue)
    before, after = redraw(metric, targets, [scores, other], units, resamples, seed)
    gains = before - after if metric.lower_is_better else after - before
    gains = gains[np.isfinite(gains)]
    return float((1 + (gains <= 0).sum()) / (1 + len(gains)))
