"""Do the answers for test photos have the class shares of the training photos?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from thresher.seeds import generator

RESAMPLES = 1000


@dataclass(frozen=True)
class Ratios:
    """Class shares of the training labels and of the test answers.

    Attributes:
        table: one row per class in score order: ``class``, ``train`` and ``test`` (shares), ``low`` and
            ``high`` (95 % interval of the test share), ``expected`` (the mean probability), ``differs``
            (whether the interval leaves out the training share).
        distance: total variation distance between the shares, 0 equal to 1 disjoint.
        p: chance of shares at least so far apart if the test photos were drawn like the training photos, by
            the chi-square test of two samples; nan where it cannot be computed.
    """

    table: pd.DataFrame
    distance: float
    p: float

    @property
    def sentence(self) -> str:
        """The answer in plain words."""
        chance = "p < .001" if self.p < 0.001 else "no test" if np.isnan(self.p) else f"p = {self.p:.2g}"
        share = f"{100 * self.distance:.1f} % would have to change to be equal"
        if not self.p < 0.05:
            return f"The test answers show no other class shares than training ({share}; {chance})."
        return (
            f"The test answers have other class shares than training ({share}; {chance}): either the test "
            "photos have, or the model favours some classes."
        )


def class_ratios(scores: np.ndarray, targets: np.ndarray, classes: tuple[str, ...], seed: int = 0) -> Ratios:
    """Compares the answers for test photos with the training labels.

    Args:
        scores: probabilities of the test photos (N, K), N > 0.
        targets: class index of the training photos (M,), M > 0.
        classes: K names.
        seed: of the bootstrap draws.
    """
    count = len(classes)
    answers = np.bincount(scores.argmax(1), minlength=count)
    labels = np.bincount(targets, minlength=count)
    train, test = labels / labels.sum(), answers / answers.sum()
    drawn = generator(seed, "ratios").multinomial(answers.sum(), test, RESAMPLES) / answers.sum()
    low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
    table = pd.DataFrame(
        {
            "class": np.array(classes, dtype=object),
            "train": train,
            "test": test,
            "low": low,
            "high": high,
            "expected": scores.mean(axis=0),
            "differs": (train < low) | (train > high),
        }
    )
    return Ratios(table, float(np.abs(train - test).sum() / 2), _chance(labels, answers))


def _chance(labels: np.ndarray, answers: np.ndarray) -> float:
    """p of the chi-square test of homogeneity; classes without a photo on either side say nothing."""
    from scipy.stats import chi2_contingency

    table = np.stack([labels, answers])[:, labels + answers > 0]
    return float(chi2_contingency(table).pvalue) if table.shape[1] > 1 else float("nan")
