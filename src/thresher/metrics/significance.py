"""p values: how often luck alone would show a difference at least as large."""

from collections.abc import Sequence

import numpy as np

from thresher.seeds import generator

BLOCK = 1_000_000
"""Signs (groups x flips) held at a time."""


def mcnemar(only_a: int, only_b: int) -> float:
    """The exact two-sided p value of McNemar (1947): a fair coin for each photo that one alone has right."""
    from scipy.stats import binomtest

    return float(binomtest(only_b, only_a + only_b).pvalue) if only_a + only_b else 1.0


def sign_flips(gains: np.ndarray, resamples: int, seed: int) -> float:
    """The two-sided p value of the sum of the groups' gains (G,) when the sign of each is a fair coin."""
    gains = gains[gains != 0]
    rng = generator(seed, "sign flips")
    extreme, done = 0, 0
    while done < resamples and len(gains):
        size = min(max(1, BLOCK // len(gains)), resamples - done)
        flipped = (2.0 * rng.integers(0, 2, (size, len(gains))) - 1) @ gains
        extreme += int((np.abs(flipped) >= abs(gains.sum()) - 1e-9).sum())
        done += size
    return (extreme + 1) / (resamples + 1) if len(gains) else 1.0


def bootstrap_p(draws: np.ndarray) -> np.ndarray:
    """Two-sided p value of each column of bootstrap differences (B, M), nan left out; 1 where all are nan.

    Twice the share of draws on the other side of zero, or on it, with one draw more on either side, so that
    no p is zero (Davison and Hinkley, Bootstrap methods and their application, 1997, section 4.4). It is
    below .05 about where the 95 % percentile interval leaves out zero.
    """
    draws = draws + 0.0
    count = np.isfinite(draws).sum(0)
    with np.errstate(invalid="ignore"):
        tail = np.minimum((draws <= 0).sum(0), (draws >= 0).sum(0))
    p: np.ndarray = np.minimum(1.0, 2 * (tail + 1) / (count + 1))
    return p


def holm(p: Sequence[float] | np.ndarray) -> np.ndarray:
    """p values corrected for being several (M,), in their order (Holm 1979): below .05 for any at all in at
    most 5 % of the cases in which nothing differs."""
    given = np.asarray(p, dtype=np.float64)
    order = np.argsort(given, kind="stable")
    steps = given[order] * np.arange(len(given), 0, -1)
    corrected = np.empty_like(given)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return corrected
