"""Intervals of any metric against draws written out; the chance of luck against its definition."""

import numpy as np
import pytest
from scipy.stats import binom

from thresher.metrics import resampling
from thresher.metrics.bootstrap import unit_index
from thresher.metrics.intervals import intervals
from thresher.metrics.metric import Metric, metric
from thresher.metrics.resampling import interval, luck, redraw
from thresher.predictions import Predictions


def made(rows=300, seed=0, right=0.7):
    rng = np.random.default_rng(seed)
    scores = rng.dirichlet(np.full(3, 0.5), rows)
    return np.where(rng.random(rows) < right, scores.argmax(1), rng.integers(0, 3, rows)), scores


def test_the_four_metrics_have_the_intervals_of_a_run():
    targets, scores = made()
    names = np.array(["a", "b", "c"], dtype=object)
    ids = np.array([str(row) for row in range(300)], dtype=object)
    given = Predictions(ids, scores, ("a", "b", "c"), "oof", names[targets], np.zeros(300, int))
    groups = np.arange(300) // 4
    for units, groups_given in ((np.arange(300), None), (groups, groups)):
        wanted = intervals(given, 500, 3, groups_given)
        for name in ("accuracy", "balanced_accuracy", "macro_f1", "log_loss"):
            found = interval(metric(name), targets, scores, units, 500, 3)
            assert found == pytest.approx(wanted[name]), name


@pytest.mark.parametrize("name", ["map@2", "auc", "log_loss", "macro_f1"])
def test_draws_have_the_middle_and_the_width_of_draws_written_out(name):
    targets, scores = made()
    units = unit_index(np.array([row // 3 if row < 150 else None for row in range(300)], dtype=object), 300)
    rng = np.random.default_rng(9)
    wanted = []
    for _ in range(400):
        rows = np.concatenate([np.flatnonzero(units == unit) for unit in rng.integers(0, 200, 200)])
        wanted.append(metric(name)(targets[rows], scores[rows]))
    found = redraw(metric(name), targets, [scores], units, 400, 0)[0]
    assert found.shape == (400,)
    assert found.mean() == pytest.approx(np.mean(wanted), abs=5 * np.std(wanted) / 20)
    assert found.std() == pytest.approx(np.std(wanted), rel=0.2)


@pytest.mark.parametrize("name", ["map@2", "auc", "accuracy"])
def test_sets_of_scores_are_drawn_together(name):
    targets, scores = made()
    same, other, again = redraw(metric(name), targets, [scores, scores[:, ::-1], scores], np.arange(300), 50)
    assert np.array_equal(same, again)
    assert not np.array_equal(same, other)


def test_functions_are_drawn_fewer_times():
    calls = []
    slow = Metric("mine", lambda targets, scores: calls.append(1) or 0.0)
    targets, scores = made()
    assert redraw(slow, targets, [scores], np.arange(300), 10_000).shape == (1, resampling.SLOW)
    assert len(calls) == resampling.SLOW


def test_luck_of_accuracy_is_mcnemars_one_sided():
    targets = np.zeros(40, int)
    right, wrong = [0.9, 0.1], [0.1, 0.9]
    a = np.array([right] * 30 + [wrong] * 10)
    b = np.array([wrong] * 2 + [right] * 38)
    found = luck(metric("accuracy"), targets, a, b, np.arange(40))
    assert found == pytest.approx(binom.sf(9, 12, 0.5))
    assert luck(metric("accuracy"), targets, b, a, np.arange(40)) == pytest.approx(binom.sf(1, 12, 0.5))
    assert luck(metric("accuracy"), targets, a, a, np.arange(40)) == 1.0


@pytest.mark.parametrize("name", ["log_loss", "balanced_accuracy", "map@2", "auc"])
def test_luck_is_small_for_the_better_and_large_for_the_worse(name):
    targets, _ = made(right=1.0)
    good = np.eye(3)[targets] * 0.5 + 0.5 / 3
    noisy = good + 0.0
    noisy[::3] = 1 / 3 - np.array([0, 0.01, -0.01])
    assert luck(metric(name), targets, noisy, good, np.arange(300)) < 0.01
    assert luck(metric(name), targets, good, noisy, np.arange(300)) > 0.99
    assert luck(metric(name), targets, good, good, np.arange(300)) > 0.99


def test_with_groups_there_are_fewer_answers():
    targets = np.zeros(60, int)
    better, worse = np.tile([0.9, 0.1], (60, 1)), np.tile([0.9, 0.1], (60, 1))
    worse[:10] = [0.1, 0.9]
    alone = luck(metric("accuracy"), targets, worse, better, np.arange(60))
    grouped = luck(metric("accuracy"), targets, worse, better, np.arange(60) // 20)
    assert alone < 0.01 < grouped
