"""Parts for what is fitted on out-of-fold scores: nothing is judged on the photos that it was fitted on."""

import numpy as np

from thresher.predictions import Predictions
from thresher.seeds import generator

PARTS = 5


def nested_parts(known: Predictions, units: np.ndarray, seed: int = 0) -> np.ndarray:
    """The part of each row (N,): its fold; a single fold is dealt in five, units whole.

    Args:
        known: scores with labels.
        units: index of the unit of each row (N,), 0 .. G-1; see `thresher.metrics.intervals.scored`.
        seed: of the dealing.
    """
    if known.folds is not None and len(np.unique(known.folds)) > 1:
        return np.asarray(known.folds)
    dealt: np.ndarray = generator(seed, "nested parts").permutation(int(units.max()) + 1)[units] % PARTS
    return dealt
