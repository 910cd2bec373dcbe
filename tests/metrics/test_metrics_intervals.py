"""Intervals: against a plain loop, for coverage, with groups, at size, and where there is little to see."""

import time

import numpy as np
import pytest
from scipy.stats import norm

from thresher.errors import DataError
from thresher.metrics.bootstrap import class_metrics_of, draw, metrics_of, unit_index, unit_sums
from thresher.metrics.intervals import Interval, bounds, chance_of, intervals, loosened, per_class
from thresher.metrics.scores import METRICS
from thresher.predictions import Predictions


def make(photos, classes, seed=0, skill=1.5, targets=None):
    """Scores of a plausible model."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, classes, photos) if targets is None else targets
    raw = np.exp(rng.normal(size=(photos, classes)) + skill * np.eye(classes)[targets])
    names = np.array([f"c{k}" for k in range(classes)], dtype=object)
    return Predictions(
        ids=np.array([f"{i}.jpg" for i in range(photos)], dtype=object),
        scores=raw / raw.sum(1, keepdims=True),
        classes=tuple(names),
        kind="oof",
        labels=names[targets],
        folds=np.zeros(photos, np.int64),
    )


@pytest.mark.parametrize("groups", [None, np.arange(60) // 7])
def test_draws_equal_a_plain_loop(groups):
    predictions = make(60, 4)
    units = unit_index(groups, 60)
    targets, scores = predictions.targets, predictions.scores
    sums = unit_sums(targets, scores, units)
    rng = np.random.default_rng(3)
    for _ in range(20):
        drawn = rng.integers(0, units.max() + 1, units.max() + 1)
        rows = np.concatenate([np.flatnonzero(units == unit) for unit in drawn])
        counts = np.bincount(drawn, minlength=units.max() + 1).astype(float)
        found = metrics_of((sums @ counts)[None])
        for name, metric in METRICS.items():
            assert found[name][0] == pytest.approx(metric(targets[rows], scores[rows]), abs=1e-12), name
        answers = scores[rows].argmax(1)
        per = class_metrics_of((sums @ counts)[None])
        for k in range(4):
            with np.errstate(invalid="ignore"):
                has, said = targets[rows] == k, answers == k
                recall = np.divide((has & said).sum(), has.sum()) if has.any() else np.nan
            np.testing.assert_allclose(per["recall"][0, k], recall)


def test_draws_are_multinomial_and_seeded():
    sums = unit_sums(np.zeros(50, np.int64), np.eye(2)[np.zeros(50, np.int64)], np.arange(50))
    drawn = np.concatenate(list(draw(sums, 700, 1)))
    assert drawn.shape == (700, 7)
    assert (drawn[:, 2] == 50).all()
    again = np.concatenate(list(draw(sums, 700, 1)))
    assert (drawn == again).all()


def test_bounds_equal_numpy_with_gaps():
    draws = np.random.default_rng(0).normal(size=(301, 5))
    draws[:40, 1] = np.nan
    draws[:, 2] = np.nan
    draws[1:, 3] = np.nan
    low, high = bounds(draws)
    for column in (0, 1, 3, 4):
        expected = np.nanquantile(draws[:, column], [0.025, 0.975])
        np.testing.assert_allclose([low[column], high[column]], expected)
    assert np.isnan(low[2])
    assert np.isnan(high[2])


def test_values_are_the_metrics_and_lie_inside():
    predictions = make(500, 5)
    found = intervals(predictions, 500, 0)
    assert list(found) == list(METRICS)
    for name, metric in METRICS.items():
        assert found[name]["value"] == pytest.approx(metric(predictions.targets, predictions.scores))
        assert found[name]["low"] < found[name]["value"] < found[name]["high"]
    assert intervals(predictions, 500, 0) == found
    assert intervals(predictions, 500, 1) != found


def test_rows_without_label_or_fold_do_not_count():
    predictions = make(100, 3)
    labels, folds = predictions.labels.copy(), predictions.folds.copy()
    labels[:10], folds[10:20] = None, -1
    partly = Predictions(predictions.ids, predictions.scores, predictions.classes, "oof", labels, folds)
    groups = np.array([f"g{i // 4}" for i in range(100)], dtype=object)
    kept = predictions.take(np.arange(20, 100))
    assert intervals(partly, 200, 0) == intervals(kept, 200, 0)
    assert intervals(partly, 200, 0, groups) == intervals(kept, 200, 0, groups[20:])


def test_coverage_is_about_95_percent():
    """100 photos answered right with a known chance, 600 times over."""
    rng, chance = np.random.default_rng(5), 0.8
    truth = chance, -(chance * np.log(0.7) + (1 - chance) * np.log(0.3))
    inside = np.zeros(2)
    for trial in range(600):
        right = rng.uniform(size=100) < chance
        targets = rng.integers(0, 2, 100)
        scores = np.where(np.eye(2, dtype=bool)[np.where(right, targets, 1 - targets)], 0.7, 0.3)
        names = np.array(["a", "b"], dtype=object)
        predictions = Predictions(np.arange(100), scores, ("a", "b"), "test", names[targets])
        found = intervals(predictions, 400, trial)
        for place, name in enumerate(("accuracy", "log_loss")):
            inside[place] += found[name]["low"] - 1e-12 <= truth[place] <= found[name]["high"] + 1e-12
    assert (inside / 600 > 0.915).all()
    assert (inside / 600 < 0.98).all()


def test_groups_of_equal_answers_make_the_interval_wider():
    """Ten photos of one person that are right or wrong together count as one answer."""
    rng = np.random.default_rng(0)
    right = np.repeat(rng.uniform(size=40) < 0.7, 10)
    targets = rng.integers(0, 2, 400)
    scores = np.eye(2)[np.where(right, targets, 1 - targets)]
    names = np.array(["a", "b"], dtype=object)
    predictions = Predictions(np.arange(400), scores, ("a", "b"), "test", names[targets])
    alone = intervals(predictions, 2000, 0)["accuracy"]
    together = intervals(predictions, 2000, 0, np.repeat(np.arange(40), 10))["accuracy"]
    ratio = (together["high"] - together["low"]) / (alone["high"] - alone["low"])
    assert ratio == pytest.approx(np.sqrt(10), rel=0.15)
    nobody = np.full(400, None, dtype=object)
    assert intervals(predictions, 2000, 0, nobody)["accuracy"] == alone


def test_all_right_is_not_certainty():
    names = np.array(["a", "b"], dtype=object)
    targets = np.arange(20) % 2
    predictions = Predictions(np.arange(20), np.eye(2)[targets], ("a", "b"), "test", names[targets])
    accuracy = intervals(predictions, 200, 0)["accuracy"]
    assert accuracy["value"] == accuracy["high"] == 1.0
    assert accuracy["low"] == pytest.approx(0.025 ** (1 / 20))
    recall = per_class(predictions, 200, 0)["a"]["recall"]
    assert recall["low"] == pytest.approx(0.025 ** (1 / 10))
    in_pairs = intervals(predictions, 200, 0, np.arange(20) // 4)["accuracy"]
    assert in_pairs["low"] == pytest.approx(0.025 ** (1 / 5))


def test_more_variance_makes_an_interval_wider_within_the_limits():
    one = Interval(value=0.5, low=0.4, high=0.7)
    assert loosened(one, 0.0) == one
    wide = loosened(one, 0.01)
    assert wide["low"] == pytest.approx(0.5 - np.sqrt(0.1**2 + norm.ppf(0.975) ** 2 * 0.01), abs=1e-6)
    assert wide["high"] == pytest.approx(0.5 + np.sqrt(0.2**2 + norm.ppf(0.975) ** 2 * 0.01), abs=1e-6)
    assert loosened(one, 1.0, (0.0, 1.0)) == Interval(value=0.5, low=0.0, high=1.0)
    nothing = Interval(value=None, low=None, high=None)
    assert loosened(nothing, 1.0) == nothing


def test_the_chance_of_a_difference_by_its_interval():
    assert chance_of(Interval(value=1.0, low=0.0, high=2.0)) == pytest.approx(0.05, abs=1e-4)
    assert chance_of(Interval(value=-3.0, low=-4.0, high=-2.0)) == pytest.approx(2 * norm.sf(3 * 1.959964))
    assert chance_of(Interval(value=0.0, low=0.0, high=0.0)) == 1.0


def test_per_class_and_what_is_undefined():
    predictions = Predictions(
        ids=np.arange(6),
        scores=np.eye(4)[[0, 0, 1, 0, 1, 1]],
        classes=("a", "b", "never answered", "absent"),
        kind="test",
        labels=np.array(["a", "a", "a", "b", "b", "never answered"], dtype=object),
    )
    found = per_class(predictions, 500, 0)
    assert [found[name]["count"] for name in predictions.classes] == [3, 2, 1, 0]
    assert found["a"]["recall"]["value"] == pytest.approx(2 / 3)
    assert found["a"]["precision"]["value"] == pytest.approx(2 / 3)
    assert found["b"]["f1"]["value"] == pytest.approx(2 / 5)
    assert found["never answered"]["recall"]["value"] == 0.0
    assert found["never answered"]["recall"]["high"] == pytest.approx(0.975)
    nothing = {"value": None, "low": None, "high": None}
    assert found["never answered"]["precision"] == nothing
    assert found["absent"]["f1"] == nothing
    import json

    json.dumps(found, allow_nan=False)


def test_errors():
    predictions = make(10, 2)
    with pytest.raises(DataError, match="9 groups for 10 rows"):
        intervals(predictions, 100, 0, np.arange(9))
    unlabelled = Predictions(predictions.ids, predictions.scores, predictions.classes, "test")
    with pytest.raises(DataError, match="nothing to measure"):
        intervals(unlabelled, 100, 0)


def test_fast_and_small_at_size():
    big = make(21_397, 5)
    start = time.perf_counter()
    intervals(big, 2000, 0)
    assert time.perf_counter() - start < 4  # 0.5 s on an idle core; the machine may be busy
    rng = np.random.default_rng(0)
    targets = np.minimum((rng.pareto(0.7, 3000) * 40).astype(int), 4250)
    whales = make(3000, 4251, targets=targets)
    import tracemalloc

    tracemalloc.start()
    found = per_class(whales, 200, 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) == 4251
    assert peak < 500e6  # 200 draws of a 4251 x 4251 matrix would be 29 GB
