"""Whether a step stays: the scores of the run with it against those without, photo by photo."""

from dataclasses import dataclass

import numpy as np

from thresher.metrics.paired import pair
from thresher.metrics.scores import photo_losses
from thresher.predictions import Predictions


@dataclass(frozen=True)
class Verdict:
    """Whether the new scores are kept, and why, in words."""

    kept: bool
    why: str


def judge(old: Predictions, new: Predictions, groups: np.ndarray | None = None) -> Verdict:
    """Compares out-of-fold scores with and without a step.

    The rule, written down before it was tried on any data: the log-loss must fall. If it falls by more than
    its standard error (over groups where there are groups), accuracy may be lower by one standard error; if
    by less, accuracy may not be lower at all. A gain of neither is left out: it would cost time at every
    prediction. Steps are few and what is averaged is mostly good, so that nothing is corrected for choosing.

    Args:
        old: of the run as it is published.
        new: of the same photos.
        groups: what each row of ``old`` belongs to (N,), or None.
    """
    found = pair(old, new, groups)
    right_old, right_new = found.right
    losses = photo_losses(found.targets, found.a) - photo_losses(found.targets, found.b)
    gain, error = _mean(losses, found.units)
    more, wide = _mean(right_new.astype(float) - right_old.astype(float), found.units)
    words = f"log-loss {-gain:+.4f} (±{error:.4f}), accuracy {100 * more:+.1f} points (±{100 * wide:.1f})"
    if gain <= 0:
        return Verdict(False, f"no better: {words}")
    if gain > error:
        kept = more >= -wide
        return Verdict(kept, f"{'better' if kept else 'answers fewer photos right'}: {words}")
    return Verdict(more >= 0, f"{'a little better' if more >= 0 else 'no clear gain'}: {words}")


def _mean(values: np.ndarray, units: np.ndarray) -> tuple[float, float]:
    """Mean of a value per photo (N,), and its standard error over units."""
    sums = np.bincount(units, values - values.mean())
    error = np.sqrt((sums**2).sum() * len(sums) / max(1, len(sums) - 1)) / len(values)
    return float(values.mean()), float(error)
