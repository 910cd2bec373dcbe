"""Class shares of test answers against training labels."""

import numpy as np
import pytest

from thresher.inspect.ratios import class_ratios

CLASSES = ("a", "b", "c")


def scores_of(answers, sure=0.8):
    scores = np.full((len(answers), 3), (1 - sure) / 2)
    scores[np.arange(len(answers)), answers] = sure
    return scores


def test_shares_distance_and_chance():
    from scipy.stats import chi2

    labels, answers = np.repeat([0, 1, 2], [50, 30, 20]), np.repeat([0, 1, 2], [10, 10, 20])
    found = class_ratios(scores_of(answers), labels, CLASSES)
    assert found.table["class"].tolist() == list(CLASSES)
    assert found.table["train"].tolist() == [0.5, 0.3, 0.2]
    assert found.table["test"].tolist() == [0.25, 0.25, 0.5]
    assert found.distance == pytest.approx(0.3)  # half of .25 + .05 + .3
    expected = np.outer([100, 40], [60, 40, 40]) / 140
    statistic = ((np.array([[50, 30, 20], [10, 10, 20]]) - expected) ** 2 / expected).sum()
    assert found.p == pytest.approx(chi2.sf(statistic, 2))
    assert found.table["expected"].tolist() == pytest.approx([0.25 * 0.7 + 0.1] * 2 + [0.5 * 0.7 + 0.1])
    assert found.table["differs"].tolist() == [True, False, True]
    assert "other class shares than training (30.0 % would have to change to be equal; p" in found.sentence


def test_the_interval_is_that_of_shares_of_so_many_photos():
    from scipy.stats import binom

    answers = np.repeat([0, 1, 2], [100, 60, 40])
    found = class_ratios(scores_of(answers), answers, CLASSES).table
    for row, share in zip(found.itertuples(), (0.5, 0.3, 0.2), strict=True):
        assert row.low == pytest.approx(binom.ppf(0.025, 200, share) / 200, abs=0.012)
        assert row.high == pytest.approx(binom.ppf(0.975, 200, share) / 200, abs=0.012)
    assert not found["differs"].any()


def test_equal_shares_and_classes_without_photos():
    found = class_ratios(scores_of([0, 0, 1]), np.array([0, 0, 1]), CLASSES)
    assert found.distance == 0
    assert found.p == pytest.approx(1)
    assert found.sentence.startswith("The test answers show no other class shares")
    alone = class_ratios(scores_of([0, 0]), np.array([0]), CLASSES)
    assert np.isnan(alone.p)
    assert "show no other" in alone.sentence
