"""The scores against scikit-learn's, over random and degenerate inputs."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics as reference

from thresher.metrics.calibration import reliability
from thresher.metrics.scores import METRICS


@st.composite
def scored(draw):
    """Targets and probabilities of 1..40 photos in 2..6 classes; ties, zeros, absent classes are common."""
    photos, classes = draw(st.integers(1, 40)), draw(st.integers(2, 6))
    present = draw(st.integers(1, classes))
    targets = draw(hnp.arrays(np.int64, photos, elements=st.integers(0, present - 1)))
    coarse = st.sampled_from([0.0, 0.25, 0.5, 1.0])
    elements = draw(st.sampled_from([coarse, st.floats(0.001, 1.0)]))
    raw = draw(hnp.arrays(np.float64, (photos, classes), elements=elements))
    raw[raw.sum(1) == 0] = 1.0
    return targets, raw / raw.sum(1, keepdims=True)


@settings(max_examples=150, deadline=None)
@given(scored())
def test_equal_to_scikit_learn(case):
    targets, scores = case
    answers = scores.argmax(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = {
            "accuracy": reference.accuracy_score(targets, answers),
            "balanced_accuracy": reference.balanced_accuracy_score(targets, answers),
            "macro_f1": reference.f1_score(targets, answers, average="macro", zero_division=0),
        }
        clipped = np.clip(scores, 1e-15, 1)
        expected["log_loss"] = -np.log(clipped[np.arange(len(targets)), targets]).mean()
        if scores[np.arange(len(targets)), targets].min() > 0:
            classes = np.arange(scores.shape[1])
            assert expected["log_loss"] == pytest.approx(reference.log_loss(targets, scores, labels=classes))
    for name, metric in METRICS.items():
        assert metric(targets, scores) == pytest.approx(expected[name], abs=1e-12), name


def test_no_photos():
    for metric in METRICS.values():
        assert np.isnan(metric(np.zeros(0, np.int64), np.zeros((0, 3))))


def test_a_probability_of_zero_costs_a_finite_loss():
    assert METRICS["log_loss"](np.array([1]), np.array([[1.0, 0.0]])) == pytest.approx(-np.log(1e-15))


def test_calibration_by_hand():
    scores = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [1.0, 0.0]])
    found = reliability(np.array([0, 1, 1, 0]), scores, bins=10)
    assert found.count.tolist() == [0, 0, 0, 0, 0, 1, 0, 0, 2, 1]
    assert found.accuracy[8] == 0.5
    assert found.ece == pytest.approx((0.4 * 1 + 0.4 * 2 + 0.0) / 4)
    assert np.isnan(reliability(np.zeros(0, np.int64), np.zeros((0, 2))).ece)


def test_calibrated_scores_have_a_small_error():
    rng = np.random.default_rng(0)
    first = rng.uniform(0, 1, 50_000)
    scores = np.stack([first, 1 - first], 1)
    assert reliability((rng.uniform(size=50_000) > first).astype(np.int64), scores).ece < 0.01
