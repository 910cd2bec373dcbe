"""Adversarial validation: planted drift is found, none is not, and groups do not give themselves away."""

import numpy as np
import pytest

from thresher.inspect.drift import Drift, auc_interval, measure_drift

NAMES = ("2019", "2020")


def made(shift, count=300, width=20, seed=0):
    rng = np.random.default_rng(seed)
    second = rng.random(count) < 0.4
    points = rng.normal(0, 1, (count, width)).astype(np.float32)
    points[second, 0] += shift
    return points, second


def test_nothing_is_found_where_nothing_is():
    low = 0
    for seed in range(6):
        points, second = made(0.0, seed=seed)
        found = measure_drift(points, second, NAMES, seed=seed)
        assert 0.35 < found.auc < 0.65
        low += found.low > 0.5
    assert low <= 1
    assert "cannot be told apart" in Drift(NAMES, *[np.zeros(0)] * 3, 0.51, 0.45, 0.57).sentence


def test_planted_drift_is_found_with_the_photos_that_give_it_away():
    points, second = made(3.0)
    found = measure_drift(points, second, NAMES)
    assert found.low < found.auc < found.high
    assert found.auc > 0.9
    assert found.low > 0.85
    assert "2019 and 2020 can nearly always be told apart" in found.sentence
    first, other = found.telling(10)
    assert not second[first].any()
    assert second[other].all()
    assert points[first, 0].max() < 0 < 3 < points[other, 0].mean()
    assert found.scores[found.rows == other[0]] == found.scores[found.second].max()
    moved = found.at(np.arange(300) + 1000)
    assert (moved.telling(3)[0] == first[:3] + 1000).all()


def test_no_photo_is_scored_by_a_model_that_saw_its_group():
    """Groups are points of their own, of one source each: known groups would be told apart for sure."""
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(40), 8)
    second = groups % 2 == 0
    points = (rng.normal(0, 3, (40, 60))[groups] + rng.normal(0, 0.1, (320, 60))).astype(np.float32)
    assert measure_drift(points, second, NAMES).auc > 0.95
    honest = measure_drift(points, second, NAMES, groups)
    assert 0.3 < honest.auc < 0.7
    # The interval knows of groups: 40 of them say much less than 320 photos.
    assert honest.high - honest.low > 0.15


def test_the_area_is_that_of_scikit_learn_ties_and_all():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(2)
    second = rng.random(200) < 0.3
    scores = np.round(rng.normal(0, 1, 200) + 0.7 * second, 1)
    auc, low, high = auc_interval(scores, second, np.arange(200))
    assert auc == pytest.approx(roc_auc_score(second, scores), abs=1e-12)
    drawn = []
    for _ in range(500):
        rows = rng.integers(0, 200, 200)
        drawn.append(roc_auc_score(second[rows], scores[rows]))
    assert [low, high] == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.025)


def test_too_few_photos_or_groups():
    points, second = made(1.0, count=100)
    few = np.zeros(100, bool)
    few[:9] = True
    assert measure_drift(points, few, NAMES) is None
    assert measure_drift(points, ~few, NAMES) is None
    assert measure_drift(points, second, NAMES, np.arange(100) % 4) is None


def test_very_many_photos_are_drawn_from(monkeypatch):
    monkeypatch.setattr("thresher.inspect.drift.MOST", 80)
    points, second = made(3.0)
    found = measure_drift(points, second, NAMES)
    assert len(found.rows) == 80
    assert found.second.sum() == 40
    assert (second[found.rows] == found.second).all()
    again = measure_drift(points, second, NAMES)
    assert (again.rows == found.rows).all()
    assert (again.scores == found.scores).all()
