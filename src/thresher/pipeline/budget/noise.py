"""How many labels look wrong, from the out-of-fold scores of a finished step."""

import numpy as np

from thresher.labels import Evidence
from thresher.labels.combined import Combined
from thresher.predictions import Predictions
from thresher.run_folder import RunFolder
from thresher.seeds import generator

MOST = 2000


def noisy_share(run: RunFolder) -> float:
    """The mean probability, over at most 2,000 photos, that a label is wrong; by scores alone."""
    oof = Predictions.load(run.predictions("oof")).known
    rows = generator(0, "noise").permutation(len(oof))[:MOST]
    some = oof.take(np.sort(rows))
    if len(some) < 50:
        return 0.0
    posterior = Combined().find(Evidence(some.targets, some.scores), 0).posterior
    if posterior is None:
        return 0.0
    return float(1 - posterior[np.arange(len(some)), some.targets].mean())
