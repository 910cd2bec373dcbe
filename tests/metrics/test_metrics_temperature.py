"""Temperature: against SciPy's search and scikit-learn, nested over folds, right where the truth is known."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from scipy.stats import binom

from thresher.errors import DataError
from thresher.metrics.abstain import abstain_curve, find_threshold, reach
from thresher.metrics.calibration import reliability
from thresher.metrics.confidence import confidence
from thresher.metrics.intervals import intervals
from thresher.metrics.nested import nested_parts
from thresher.metrics.scores import log_loss
from thresher.metrics.temperature import LEAST, MOST, calibrate_nested, fit_temperature, scale
from thresher.predictions import Predictions

NAMES = ("a", "b", "c", "d")


def honest_logits(photos, seed=0, classes=4):
    """Logits whose softmax is the true chance of each class, and labels drawn from it."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (photos, classes))
    chances = softmax(logits, axis=1)
    return logits, (chances.cumsum(1) < rng.uniform(size=(photos, 1))).sum(1).clip(max=classes - 1)


def oof(logits, targets, folds=5):
    """The same as out-of-fold scores."""
    ids = np.array([f"{i}.jpg" for i in range(len(targets))], dtype=object)
    labels = np.array(NAMES, dtype=object)[targets]
    return Predictions(ids, softmax(logits, axis=1), NAMES, "oof", labels, np.arange(len(targets)) % folds)


def test_the_temperature_that_was_put_in_is_found():
    logits, targets = honest_logits(20_000)
    for temperature in (0.5, 1.0, 3.0):
        found = fit_temperature(targets, softmax(logits * temperature, axis=1))
        assert found == pytest.approx(temperature, rel=0.04)


@pytest.mark.parametrize("strength", [0.4, 1.0, 2.5])
def test_no_other_temperature_has_a_smaller_log_loss(strength):
    logits, targets = honest_logits(700, 1)
    scores = softmax(strength * logits, axis=1)
    best = minimize_scalar(
        lambda log: log_loss(targets, softmax(np.log(scores) / np.exp(log), axis=1)),
        bounds=(np.log(LEAST), np.log(MOST)),
        method="bounded",
        options={"xatol": 1e-8},
    )
    assert fit_temperature(targets, scores) == pytest.approx(np.exp(best.x), rel=1e-4)


def test_equal_to_scikit_learn():
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    class Fixed(ClassifierMixin, BaseEstimator):
        classes_ = np.arange(4)

        def __sklearn_is_fitted__(self):
            return True

        def fit(self, x, y):
            return self

        def predict(self, x):
            return x.argmax(1)

        def decision_function(self, x):
            return x

    logits, targets = honest_logits(900, 2)
    model = CalibratedClassifierCV(FrozenEstimator(Fixed()), method="temperature").fit(2.2 * logits, targets)
    scores = softmax(2.2 * logits, axis=1)
    scaled = scale(scores, fit_temperature(targets, scores))
    np.testing.assert_allclose(scaled, model.predict_proba(2.2 * logits), atol=2e-4)


def test_scaled_scores_are_probabilities_with_the_same_answers():
    scores = np.array([[1.0, 0.0, 0.0, 0.0], [0.4, 0.3, 0.2, 0.1], [0.25, 0.25, 0.25, 0.25]])
    for temperature in (LEAST, 0.5, 2.0, MOST):
        found = scale(scores, temperature)
        np.testing.assert_allclose(found.sum(1), 1)
        assert (found.argmax(1) == scores.argmax(1)).all()
    assert (scale(scores, 1.0) == scores).all()
    np.testing.assert_allclose(scale(scores, 2.0)[1], np.sqrt(scores[1]) / np.sqrt(scores[1]).sum())


def test_all_right_and_all_wrong_end_at_the_bounds():
    scores = np.full((10, 2), 0.4)
    scores[:, 0] = 0.6
    assert fit_temperature(np.zeros(10, np.int64), scores) == pytest.approx(LEAST)
    assert fit_temperature(np.ones(10, np.int64), scores) == pytest.approx(MOST)
    assert fit_temperature(np.zeros(10, np.int64), np.full((10, 2), 0.5)) > 0  # nothing to choose


def test_each_fold_gets_the_temperature_of_the_others():
    logits, targets = honest_logits(400, 3)
    logits[::4] *= 3  # the photos of one fold are too sure
    given = oof(logits, targets, folds=4)
    found = calibrate_nested(given)
    for fold in range(4):
        here = given.folds == fold
        temperature = fit_temperature(targets[~here], given.scores[~here])
        np.testing.assert_allclose(found.scores[here], scale(given.scores[here], temperature), rtol=1e-6)
    # What a fold's own labels are does not change its scores.
    other = np.where(given.folds == 2, (targets + 1) % 4, targets)
    changed = calibrate_nested(oof(logits, other, folds=4))
    same, others = given.folds == 2, given.folds == 1
    np.testing.assert_allclose(changed.scores[same], found.scores[same], rtol=1e-6)
    assert np.abs(changed.scores[others] - found.scores[others]).max() > 0.01


def test_a_single_fold_is_dealt_in_parts_that_keep_groups_whole():
    logits, targets = honest_logits(300, 4)
    given = oof(3 * logits, targets, folds=1)
    groups = np.arange(300) // 6
    parts = nested_parts(given, groups)
    assert sorted(np.bincount(parts)) == [60] * 5
    assert all(len(set(parts[groups == group])) == 1 for group in range(50))
    found = calibrate_nested(given, groups)
    here = parts == parts[0]
    expected = scale(given.scores[here], fit_temperature(targets[~here], given.scores[~here]))
    np.testing.assert_allclose(found.scores[here], expected, rtol=1e-6)


def test_calibration_of_scores_that_are_too_sure():
    logits, targets = honest_logits(4000, 5)
    found = confidence(oof(2.5 * logits, targets), 200)
    assert found["temperature"] == pytest.approx(2.5, rel=0.08)
    assert found["ece"]["before"] > 0.08
    assert found["ece"]["after"] < 0.03
    assert found["log_loss"]["after"]["high"] < found["log_loss"]["before"]["low"]
    honest = confidence(oof(logits, targets), 200)
    assert honest["log_loss"]["after"]["value"] >= honest["log_loss"]["before"]["value"] - 2e-4
    import json

    json.dumps(found, allow_nan=False)


def test_unlabelled_rows_and_groups_are_left_where_they_belong():
    logits, targets = honest_logits(200, 6)
    whole = oof(2 * logits, targets)
    folds = whole.folds.copy()
    folds[:50] = -1
    partly = Predictions(whole.ids, whole.scores, NAMES, "oof", whole.labels, folds)
    groups = np.array([f"g{i // 5}" for i in range(200)], dtype=object)
    kept = whole.take(np.arange(50, 200))
    found = confidence(partly, 200, 0, groups)
    assert found == confidence(kept, 200, 0, groups[50:])
    assert found["log_loss"]["before"] == intervals(kept, 200, 0, groups[50:])["log_loss"]
    assert found["log_loss"]["before"] != intervals(kept, 200, 0)["log_loss"]
    with pytest.raises(DataError, match="nothing to measure"):
        confidence(Predictions(whole.ids, whole.scores, NAMES, "test"), 100)


def test_reliability_is_in_step_with_the_truth_at_the_right_temperature():
    logits, targets = honest_logits(20_000, 7)
    found = reliability(targets, softmax(logits, axis=1))
    full = found.count > 200
    scatter = np.sqrt(found.confidence * (1 - found.confidence) / found.count)
    assert (np.abs(found.accuracy - found.confidence)[full] < 3.5 * scatter[full]).all()


def test_the_curve_equals_a_loop():
    logits, targets = honest_logits(300, 8)
    given = oof(logits, targets)
    curve = abstain_curve(given, resamples=400, points=10)
    sure, right = given.scores.max(1), given.scores.argmax(1) == targets
    assert len(curve.threshold) == 10
    assert curve.answered[-1] == 1.0
    for place, threshold in enumerate(curve.threshold):
        above = sure >= threshold
        assert curve.answered[place] == above.mean()
        assert curve.accuracy[place] == right[above].mean()
        error = np.sqrt(curve.accuracy[place] * (1 - curve.accuracy[place]) / above.sum())
        if error:
            assert curve.high[place] - curve.low[place] == pytest.approx(2 * 1.96 * error, rel=0.25)
        else:
            assert curve.low[place] == pytest.approx(0.025 ** (1 / above.sum()))


def test_the_curve_of_groups():
    """Six equal photos are one answer: the exact bound counts groups, and the interval is that much wider."""
    logits, targets = honest_logits(50, 12)
    logits[:10] = 0
    logits[np.arange(10), targets[:10]] = 9 + np.arange(10)  # the surest are right
    alone, six = (oof(np.repeat(logits, n, axis=0), np.repeat(targets, n)) for n in (1, 6))
    groups = np.arange(300) // 6
    curve = abstain_curve(six, resamples=800, groups=groups, points=10)
    plain = abstain_curve(alone, resamples=800, points=10)
    np.testing.assert_allclose(curve.accuracy[-5:], plain.accuracy[-5:])
    np.testing.assert_allclose((curve.high - curve.low)[-5:], (plain.high - plain.low)[-5:], rtol=0.15)
    sure, right = six.scores.max(1), six.scores.argmax(1) == six.targets
    for place, threshold in enumerate(curve.threshold):
        above = sure >= threshold
        if right[above].all():
            assert curve.low[place] == pytest.approx(0.025 ** (1 / len(set(groups[above]))))
    assert curve.accuracy[0] == 1.0


def test_a_threshold_by_trying_every_one():
    logits, targets = honest_logits(500, 9)
    scores = np.round(softmax(logits, axis=1), 2) + 1e-9  # many equal ones
    sure, right = scores.max(1), scores.argmax(1) == targets
    for goal in (0.7, 0.8, 0.95):
        good = [t for t in np.unique(sure) if right[sure >= t].mean() >= goal and (sure >= t).sum() >= 20]
        assert find_threshold(targets, scores, goal) == (min(good) if good else None)
    assert find_threshold(targets[:15], np.eye(4)[targets[:15]], 0.9) is None  # too few to judge by


def test_each_fold_is_answered_by_the_threshold_of_the_others():
    logits, targets = honest_logits(400, 11)
    logits[::4] *= 4  # one fold is far too sure: its own threshold would be another
    given = oof(logits, targets, folds=4)
    found = reach(given, 0.85, 100)
    sure, right = given.scores.max(1), given.scores.argmax(1) == targets
    answered = np.zeros(400, bool)
    for fold in range(4):
        here = given.folds == fold
        answered[here] = sure[here] >= find_threshold(targets[~here], given.scores[~here], 0.85)
    assert found["answered"]["value"] == pytest.approx(answered.mean())
    assert found["accuracy"]["value"] == pytest.approx(right[answered].mean())
    assert found["threshold"] == find_threshold(targets, given.scores, 0.85)


def test_what_the_goal_gives_on_photos_that_did_not_choose_the_threshold():
    """Where probabilities are true, accuracy above the threshold of the others is the goal, not more."""
    hits, given_out = 0, 0
    for seed in range(12):
        logits, targets = honest_logits(1000, 20 + seed)
        found = reach(oof(logits, targets), 0.9, 100)
        answered = found["answered"]["value"]
        assert found["answered"]["low"] < answered < found["answered"]["high"]
        hits += found["accuracy"]["value"] * answered * 1000
        given_out += answered * 1000
    low, high = binom.interval(0.998, round(given_out), 0.9)
    assert low < hits < high + 0.005 * given_out
    random = oof(*honest_logits(60, 3))
    nothing = reach(Predictions(random.ids, np.full((60, 4), 0.25), NAMES, "oof", random.labels), 0.99, 100)
    assert nothing == {"goal": 0.99, "threshold": None, "answered": None, "accuracy": None}
