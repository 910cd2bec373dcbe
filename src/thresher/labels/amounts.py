"""How many labels of each class are wrong, with an interval."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

TAILS = (0.025, 0.975)


def amounts(
    given: Sequence[str] | np.ndarray, probability: np.ndarray, classes: Sequence[str]
) -> pd.DataFrame:
    """Estimated numbers of wrong labels, class by class.

    Args:
        given: label of each photo (N,).
        probability: that it is wrong (N,), 0 .. 1.
        classes: K names, those without a photo too.

    Returns:
        a row per class: ``class, photos, wrong, low, high``; see `amount`.
    """
    given, probability = np.asarray(given, dtype=object), np.asarray(probability, dtype=np.float64)
    rows = []
    for name in classes:
        own = probability[given == name]
        rows.append((name, len(own), *amount(own)))
    return pd.DataFrame(rows, columns=["class", "photos", "wrong", "low", "high"])


def amount(probability: np.ndarray) -> tuple[float, int, int]:
    """How many of n labels are wrong: the estimate and its 95 % interval.

    The estimate is the sum of the probabilities ``q_i`` (n,) that a label is wrong. The interval has two
    sources of chance: the photos that happen to be there (bootstrap: n photos redrawn with replacement), and
    whether each label is wrong (a coin with ``q_i``). A photo drawn at random and then its coin are one coin
    with the mean ``q``, so that the number of wrong labels is Binomial(n, mean q), whose 2.5 % and 97.5 %
    points are returned: no draws are needed. What the interval does not know is whether the probabilities
    themselves are right.
    """
    from scipy.stats import binom

    photos = len(probability)
    if not photos:
        return 0.0, 0, 0
    share = float(np.clip(probability, 0, 1).mean())
    low, high = binom.ppf(TAILS, photos, share)
    return float(np.sum(probability)), int(max(low, 0)), int(max(high, 0))
