"""Metrics of many mixtures at once, against the metric of each mixture written out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thresher.metrics import blocks, margins
from thresher.metrics.metric import metric
from thresher.metrics.mixture import Mixture, mixed, on_simplex

NAMES = ["accuracy", "balanced_accuracy", "macro_f1", "log_loss", "auc", "map@1", "map@3", "map@40"]


def made(models, rows, classes, seed, step=None):
    """Scores (M, N, K) of models that agree about half of the time, in steps where ties are wanted."""
    rng = np.random.default_rng(seed)
    base = rng.dirichlet(np.full(classes, 0.4), rows)
    scores = np.stack([0.6 * base + 0.4 * rng.dirichlet(np.full(classes, 0.4), rows) for _ in range(models)])
    if step:
        scores = np.round(scores / step) * step
        scores[..., 0] = np.maximum(scores[..., 0], step)  # no row of zeros
    return scores / scores.sum(2, keepdims=True), rng.integers(0, classes, rows)


def by_hand(name, scores, targets, weights):
    wanted = metric(name)
    return [
        wanted.gain(targets, sum(share * one for share, one in zip(row / row.sum(), scores, strict=True)))
        for row in weights
    ]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("models", "rows", "classes"), [(4, 300, 3), (1, 40, 2), (5, 120, 40), (9, 2, 5)])
def test_every_mixture_has_the_metric_of_its_scores(name, models, rows, classes):
    scores, targets = made(models, rows, classes, seed=rows)
    weights = np.random.default_rng(1).random((30, models)) ** 3
    weights[0] = 1
    weights[1] = np.eye(models)[0]
    found = Mixture(metric(name), scores, targets).gains(weights)
    np.testing.assert_allclose(found, by_hand(name, scores, targets, weights), atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_small_pieces_give_the_same(name, monkeypatch):
    scores, targets = made(4, 150, 6, seed=3)
    weights = np.random.default_rng(1).random((7, 4))
    whole = Mixture(metric(name), scores, targets).gains(weights)
    monkeypatch.setattr(margins, "_AT_ONCE", 200)
    monkeypatch.setattr(blocks.blocks, "__defaults__", (64,))
    np.testing.assert_allclose(Mixture(metric(name), scores, targets).gains(weights), whole, atol=1e-12)


@pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy", "macro_f1", "map@2"])
@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10**6), models=st.integers(1, 4), classes=st.integers(2, 5))
def test_of_equal_scores_the_first_class_wins(name, seed, models, classes):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 3, (models, 12, classes)) / 4  # all sums are exact
    scores[..., -1] += 1 - scores.sum(2)
    targets = rng.integers(0, classes, 12)
    weights = np.array([[1, 2, 4, 8][:models], np.eye(models)[0]])
    exact = np.array([np.tensordot(row, scores, 1) for row in weights])
    wanted = [metric(name).gain(targets, one) for one in exact]
    np.testing.assert_allclose(Mixture(metric(name), scores, targets).gains(weights), wanted, atol=1e-12)


def test_weights_need_not_sum_to_one_and_zeros_are_equal_weights():
    scores, targets = made(3, 200, 4, seed=0)
    for name in NAMES:
        found = Mixture(metric(name), scores, targets)
        assert found.gain([1, 2, 5]) == pytest.approx(found.gain([10, 20, 50]))
        assert found.gain([0, 0, 0]) == pytest.approx(found.gain([1, 1, 1]))
    np.testing.assert_array_equal(on_simplex(np.array([[0, 0], [3, 1]])), [[0.5, 0.5], [0.75, 0.25]])
    np.testing.assert_allclose(mixed(scores, np.array([0.5, 0.5, 0])), (scores[0] + scores[1]) / 2)


def test_a_function_of_the_users_sees_probabilities():
    def brier(targets, scores):
        return float(((scores - np.eye(4)[targets]) ** 2).sum(1).mean())

    from thresher.metrics.metric import Metric

    scores, targets = made(3, 50, 4, seed=0)
    found = Mixture(Metric("mine", brier, lower_is_better=True), scores, targets)
    assert found.gain([1, 1, 2]) == pytest.approx(
        -brier(targets, (scores[0] + scores[1]) / 4 + scores[2] / 2)
    )


def test_photos_that_all_models_answer_alike_are_decided_ahead():
    scores, targets = made(4, 4000, 5, seed=0)
    left = Mixture(metric("accuracy"), scores, targets)._gains.open
    alike = (scores.argmax(2) == scores[0].argmax(1)).all(0)
    assert sum(one[0].shape[2] for one in left) <= (~alike).sum()
