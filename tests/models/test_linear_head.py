"""The linear solution against scikit-learn's, and what its inner folds may and may not see."""

import numpy as np
import pytest

from thresher.models.linear import SCALE, fit_linear, inner_split

CLASSES = 4


def photos(seed=0, views=1, count=160, width=12, classes=CLASSES, noise=2.0):
    """Features (V, N, D) around class centres, and targets."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, classes, count)
    centres = rng.normal(0, 1, (classes, width))
    features = centres[targets] + rng.normal(0, noise, (views, count, width)) + rng.uniform(0, 3, width)
    return features.astype(np.float32), targets


def fit(features, targets, penalties=(1e-2,), classes=CLASSES, inner=None, weights=None):
    inner = np.arange(len(targets)) % 3 if inner is None else inner
    return fit_linear(features, targets, classes, tuple(penalties), inner, weights)


def softmax(logits):
    exponent = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return exponent / exponent.sum(axis=-1, keepdims=True)


def standard(features, weights=None):
    """Centred, and divided by one number: the mean square of a photo's features is SCALE squared."""
    weights = np.ones(features.shape[1]) if weights is None else weights
    rows, each = features.astype(np.float64), np.tile(weights, len(features)).reshape(features.shape[:2])
    centre = (rows * each[..., None]).sum((0, 1)) / each.sum()
    square = ((rows - centre.mean()) ** 2 * each[..., None]).sum() / each.sum()
    return (rows - centre) * SCALE / np.sqrt(square)


def reference(features, targets, penalty, weights=None):
    """scikit-learn's probabilities of the photos of each view (V, N, K)."""
    from sklearn.linear_model import LogisticRegression

    rows = standard(features, weights)
    flat, again = rows.reshape(-1, rows.shape[2]), np.tile(targets, len(features))
    each = np.ones(len(again)) if weights is None else np.tile(weights, len(features))
    # Two classes have one vector of weights there, and two opposite ones of half the length here.
    strength = (2 if len(np.unique(targets)) == 2 else 1) / (penalty * each.sum())
    model = LogisticRegression(C=strength, tol=1e-10, max_iter=20_000)
    model.fit(flat, again, sample_weight=each)
    return model.predict_proba(flat).reshape(*features.shape[:2], -1)


@pytest.mark.parametrize("penalty", [1e-4, 1e-3, 3e-2, 1.0])
@pytest.mark.parametrize(("views", "classes"), [(1, 4), (2, 3), (1, 2), (1, 9)])
def test_the_optimum_is_that_of_scikit_learn(penalty, views, classes):
    features, targets = photos(1, views, classes=classes)
    head = fit(features, targets, [penalty], classes)
    np.testing.assert_allclose(
        softmax(head.logits(features)), reference(features, targets, penalty), atol=1e-3
    )
    assert head.weight.shape == (classes, features.shape[2])
    assert head.weight.dtype == head.bias.dtype == np.float32
    assert (head.penalty, head.path) == (penalty, {})


def test_weights_are_those_of_scikit_learn():
    features, targets = photos(2, views=2)
    weights = np.random.default_rng(0).uniform(0.1, 4, len(targets))
    head = fit(features, targets, [1e-3], weights=weights)
    wanted = reference(features, targets, 1e-3, weights)
    np.testing.assert_allclose(softmax(head.logits(features)), wanted, atol=1e-3)


def test_weight_two_is_the_photo_twice():
    features, targets = photos(3, views=2, count=60)
    times = np.random.default_rng(1).integers(1, 4, 60)
    rows = np.repeat(np.arange(60), times)
    inner = np.arange(60) % 3
    penalties = (1e-3, 1e-2, 1e-1)
    weighted = fit(features, targets, penalties, inner=inner, weights=times.astype(float))
    repeated = fit(features[:, rows], targets[rows], penalties, inner=inner[rows])
    assert weighted.path == pytest.approx(repeated.path, rel=1e-3)
    np.testing.assert_allclose(
        softmax(weighted.logits(features)), softmax(repeated.logits(features)), atol=1e-3
    )


def test_shift_and_scale_of_the_features_do_not_matter():
    features, targets = photos(4)
    head, moved = fit(features, targets), fit(features * 64 - 32, targets)
    np.testing.assert_allclose(
        softmax(head.logits(features)), softmax(moved.logits(features * 64 - 32)), atol=1e-3
    )


def test_a_class_without_photos_gets_little_and_breaks_nothing():
    features, targets = photos(5)
    for penalties in ((1e-3,), (1e-3, 1e-1)):
        probabilities = softmax(fit(features, targets, penalties, CLASSES + 2).logits(features[0]))
        assert np.isfinite(probabilities).all()
        assert probabilities[:, CLASSES:].max() < 0.01


def test_a_class_that_is_missing_from_an_inner_fold():
    features, targets = photos(6)
    inner = np.where(targets == 0, 0, 1 + np.arange(len(targets)) % 2)
    head = fit(features, targets, (1e-3, 1e-1), inner=inner)
    assert all(np.isfinite(loss) for loss in head.path.values())
    assert np.isfinite(head.weight).all()


@pytest.mark.parametrize("case", ["constant features", "one class", "one photo", "one inner fold"])
def test_poor_data_breaks_nothing(case):
    features, targets = photos(7)
    inner = np.arange(len(targets)) % 3
    if case == "constant features":
        features = np.ones_like(features)
    if case == "one class":
        targets = np.zeros_like(targets)
    if case == "one photo":
        features, targets, inner = features[:, :1], targets[:1], inner[:1]
    if case == "one inner fold":
        inner = np.zeros_like(inner)
    head = fit(features, targets, (1e-3, 1e-1), inner=inner)
    assert np.isfinite(head.logits(features[0])).all()
    if case == "constant features":
        share = np.bincount(targets, minlength=CLASSES) / len(targets)
        np.testing.assert_allclose(softmax(head.logits(features[0]))[0], share, atol=1e-3)


def test_the_penalty_is_the_best_of_the_path():
    features, targets = photos(8)
    penalties = (1e-4, 1e-2, 1.0, 100.0)
    head = fit(features, targets, penalties)
    assert set(head.path) == set(penalties)
    assert head.path[head.penalty] == min(head.path.values())
    alone = fit(features, targets, [head.penalty])
    np.testing.assert_allclose(head.weight, alone.weight, atol=1e-6)
    assert fit(features, targets, penalties[::-1]).path == head.path


def test_the_path_is_the_loss_of_scikit_learn_on_held_out_photos():
    from sklearn.linear_model import LogisticRegression

    features, targets = photos(9, views=2)
    inner = np.random.default_rng(0).integers(0, 4, len(targets))
    penalties = (1e-3, 1e-2, 1e-1)
    head = fit(features, targets, penalties, inner=inner)
    rows = standard(features).mean(axis=0)
    for penalty in penalties:
        right = np.empty(len(targets))
        for fold in range(4):
            held = inner == fold
            model = LogisticRegression(C=1 / (penalty * (~held).sum()), tol=1e-10, max_iter=20_000)
            model.fit(rows[~held], targets[~held])
            right[held] = model.predict_proba(rows[held])[np.arange(held.sum()), targets[held]]
        assert head.path[penalty] == pytest.approx(-np.log(right).mean(), rel=2e-3)


def test_what_can_be_learned_by_heart_only_counts_for_nothing():
    rng = np.random.default_rng(10)
    features, targets = rng.normal(size=(1, 90, 200)).astype(np.float32), rng.integers(0, 3, 90)
    head = fit(features, targets, (1e-5, 1e-4), classes=3)
    by_heart = softmax(head.logits(features[0]))[np.arange(90), targets]
    assert -np.log(by_heart).mean() < 0.1
    assert min(head.path.values()) > np.log(3)


def test_copies_leak_across_inner_folds_and_not_within():
    rng = np.random.default_rng(11)
    half, labels = rng.normal(size=(1, 60, 200)).astype(np.float32), rng.integers(0, 3, 60)
    features, targets = np.concatenate([half, half], axis=1), np.concatenate([labels, labels])
    copies = np.tile(np.arange(60), 2)
    losses = []
    for groups in (None, copies):
        inner = inner_split(targets, groups, 3, seed=0) if groups is not None else np.arange(120) // 60
        losses.append(min(fit(features, targets, (1e-4, 1e-3), 3, inner).path.values()))
    assert losses[0] < 0.2
    assert losses[1] > np.log(3)


def test_inner_folds_hold_whole_groups_and_even_classes():
    rng = np.random.default_rng(12)
    targets = np.minimum(rng.exponential(1.5, 200).astype(int), 4)
    groups = rng.integers(0, 1000, 200) // 12
    inner = inner_split(targets, groups, 3, seed=1)
    assert set(inner) == {0, 1, 2}
    assert all(len(set(inner[groups == group])) == 1 for group in groups)
    assert np.array_equal(inner, inner_split(targets, groups, 3, seed=1))
    assert not np.array_equal(inner, inner_split(targets, groups, 3, seed=2))
    alone = inner_split(targets, None, 3, seed=1)
    table = np.array([np.bincount(targets[alone == fold], minlength=5) for fold in range(3)])
    assert (np.ptp(table, axis=0) <= 1).all()
