"""Comparisons: against statsmodels' formula by hand, with luck alone, with groups, in plain words."""

from math import comb

import numpy as np
import pytest

from thresher.errors import DataError
from thresher.metrics.comparison import compare
from thresher.predictions import Predictions

NAMES = np.array(["a", "b"], dtype=object)


def answers(right, targets, ids=None, classes=("a", "b")):
    """Scores that are right where told."""
    scores = np.where(np.eye(2, dtype=bool)[np.where(right, targets, 1 - targets)], 0.8, 0.2)
    order = [("a", "b").index(name) for name in classes]
    ids = np.array([f"{i}" for i in range(len(targets))], dtype=object) if ids is None else ids
    return Predictions(ids, scores[:, order], classes, "test", NAMES[targets])


def test_mcnemar_by_hand():
    targets = np.arange(40) % 2
    a, b = np.ones(40, bool), np.ones(40, bool)
    a[:9], b[9:11] = False, False
    found = compare(answers(a, targets), answers(b, targets), resamples=2000)
    assert (found.n, found.only_a, found.only_b, found.left_out) == (40, 2, 9, 0)
    assert found.p == pytest.approx(2 * sum(comb(11, k) for k in range(3)) / 2**11)
    assert found.differences["accuracy"]["value"] == pytest.approx(7 / 40)
    assert found.a["accuracy"] == pytest.approx(31 / 40)


def test_a_real_difference_is_said_and_signed():
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 2, 2000)
    a, b = rng.uniform(size=2000) < 0.80, rng.uniform(size=2000) < 0.86
    found = compare(answers(a, targets), answers(b, targets), resamples=1000)
    assert found.seen
    assert found.sentence.startswith("B is better by ")
    other = compare(answers(b, targets), answers(a, targets), resamples=1000, names=("new", "old"))
    assert other.sentence.startswith("new is better by ")
    low, high = (found.differences["accuracy"][key] for key in ("low", "high"))
    shown = f"({100 * low:.1f} to {100 * high:.1f})"
    assert shown in found.sentence


def test_the_paired_interval_is_that_of_the_differences():
    rng = np.random.default_rng(1)
    targets = rng.integers(0, 2, 1500)
    a = rng.uniform(size=1500) < 0.8
    b = np.where(rng.uniform(size=1500) < 0.1, ~a, a)
    found = compare(answers(a, targets), answers(b, targets), resamples=4000).differences["accuracy"]
    error = 1.96 * np.std(b.astype(float) - a) / np.sqrt(1500)
    assert found["high"] - found["low"] == pytest.approx(2 * error, rel=0.08)


def test_the_same_scores_differ_in_nothing():
    same = answers(np.ones(1228, bool), np.arange(1228) % 2)
    found = compare(same, same, resamples=200)
    assert found.p == 1.0
    assert found.differences["log_loss"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert found.sentence.startswith("no difference can be seen with 1,228 photos")
    assert compare(same, same, resamples=200, groups=np.arange(1228) // 3).p == 1.0


def test_luck_is_called_a_difference_in_at_most_about_5_percent():
    rng, seen = np.random.default_rng(2), 0
    targets = np.arange(150) % 2
    for trial in range(200):
        a, b = (rng.uniform(size=150) < 0.75 for _ in "ab")
        seen += compare(answers(a, targets), answers(b, targets), resamples=200, seed=trial).seen
    assert seen / 200 < 0.08


def test_groups_count_once():
    """Ten photos that change together are one piece of evidence."""
    rng = np.random.default_rng(3)
    targets = rng.integers(0, 2, 200)
    a = np.ones(200, bool)
    b = a.copy()
    b[:40] = False
    alone = compare(answers(a, targets), answers(b, targets), resamples=2000)
    together = compare(answers(a, targets), answers(b, targets), resamples=2000, groups=np.arange(200) // 10)
    assert alone.p < 1e-9
    assert together.p == pytest.approx(2 / 2**4, abs=0.03)  # four groups, all the same way
    assert not together.seen


def test_aligned_by_id_and_by_class_name():
    rng = np.random.default_rng(4)
    targets = rng.integers(0, 2, 300)
    a, b = rng.uniform(size=300) < 0.7, rng.uniform(size=300) < 0.8
    straight = compare(answers(a, targets), answers(b, targets), resamples=300)
    shuffled = answers(b, targets, classes=("b", "a")).take(rng.permutation(300))
    assert compare(answers(a, targets), shuffled, resamples=300) == straight
    fewer = compare(answers(a, targets), shuffled.take(np.arange(200)), resamples=300)
    assert (fewer.n, fewer.left_out) == (200, 100)


def test_what_cannot_be_compared():
    targets = np.arange(10) % 2
    a = answers(np.ones(10, bool), targets)
    with pytest.raises(DataError, match="'c' stand in one only"):
        compare(a, Predictions(a.ids, np.full((10, 3), 1 / 3), ("a", "b", "c"), "test", a.labels))
    with pytest.raises(DataError, match="labels differ for '0'"):
        compare(a, answers(np.ones(10, bool), 1 - targets))
    with pytest.raises(DataError, match="no photo was scored by both"):
        compare(a, answers(np.ones(10, bool), targets, ids=np.array([f"x{i}" for i in range(10)])))
    with pytest.raises(DataError, match="3 groups for 10 rows"):
        compare(a, a, groups=[1, 2, 3])
