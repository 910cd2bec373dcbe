"""The linear solution on repaired labels: soft, dropped, weighed down; its penalty chosen before."""

import numpy as np
import pytest
from scipy.optimize import minimize

from thresher.dataset.teaching import Teaching
from thresher.models.linear import SCALE, fit_linear, held_out_scores

CLASSES, COUNT, WIDTH = 4, 120, 10


def photos(seed=0, views=1):
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, CLASSES, COUNT)
    centres = rng.normal(0, 1, (CLASSES, WIDTH))
    features = centres[targets] + rng.normal(0, 1.5, (views, COUNT, WIDTH)) + rng.uniform(0, 3, WIDTH)
    return features.astype(np.float32), targets


def soft_rows(seed=1):
    return np.random.default_rng(seed).dirichlet(np.ones(CLASSES), COUNT)


def softmax(logits):
    exponent = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return exponent / exponent.sum(axis=-1, keepdims=True)


def scores(head, features):
    return softmax(head.logits(features))


def standard(features, weights, kept):
    """Mean over views, centred, over the root of the mean square of a photo, as the photos kept say."""
    known, counts = features[:, kept].astype(np.float64), weights[kept]
    centre = np.average(known.mean(0), axis=0, weights=counts)
    square = np.average(((known - centre.mean()) ** 2).sum(2).mean(0), weights=counts)
    return (features.mean(0) - centre) * SCALE / np.sqrt(square)


ALL = np.ones(COUNT, dtype=bool)
INNER = np.arange(COUNT) % 3
PENALTIES = (1e-3, 1e-2, 1e-1)


def fit(features, targets, teaching=None, penalties=(1e-2,), inner=INNER, weights=None, corrected=None):
    given = {"corrected": corrected, "teaching": teaching}
    return fit_linear(features, targets, CLASSES, penalties, inner, weights, **given)


def same(a, b):
    return np.array_equal(a.weight, b.weight) and np.array_equal(a.bias, b.bias) and a.path == b.path


def test_the_optimum_of_soft_labels_is_that_of_the_formula():
    features, targets = photos(1)
    weights = np.random.default_rng(2).uniform(0.2, 3, COUNT)
    soft = soft_rows()
    head = fit(features, targets, Teaching.of(targets).retarget(ALL, soft), weights=weights)
    rows = standard(features, weights, ALL)
    share = weights / weights.sum()

    def loss(flat):
        theta = flat.reshape(WIDTH + 1, CLASSES)
        logits = rows @ theta[:-1] + theta[-1]
        logs = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        return -(share @ (soft * logs).sum(1)) + 1e-2 / 2 * (theta[:-1] ** 2).sum()

    found = minimize(loss, np.zeros((WIDTH + 1) * CLASSES), method="L-BFGS-B", options={"maxfun": 10**6})
    theta = found.x.reshape(WIDTH + 1, CLASSES)
    np.testing.assert_allclose(scores(head, features[0]), softmax(rows @ theta[:-1] + theta[-1]), atol=1e-3)


def test_soft_labels_equal_copies_with_hard_ones():
    """A photo that is 0.25 cat and 0.75 dog is four photos: one of a cat, three of a dog."""
    features, targets = photos(2, views=2)
    quarters = np.random.default_rng(3).multinomial(4, np.full(CLASSES, 1 / CLASSES), COUNT)
    soft = fit(features, targets, Teaching.of(targets).retarget(ALL, quarters / 4.0))
    copies = np.repeat(np.arange(COUNT), 4)
    hard = np.concatenate([np.repeat(np.arange(CLASSES), row) for row in quarters])
    wanted = fit(features[:, copies], hard, inner=INNER[copies])
    np.testing.assert_allclose(scores(soft, features), scores(wanted, features), atol=1e-3)


@pytest.mark.parametrize("penalties", [(1e-2,), PENALTIES])
def test_rows_of_one_class_give_the_bits_of_indices(penalties):
    features, targets = photos(3, views=2)
    soft = np.eye(CLASSES)[targets]
    soft[5] = 0.25  # a photo that is dropped: targets stay soft as a whole
    dropped = np.arange(COUNT) == 5
    one = Teaching.of(targets).retarget(ALL, soft).without(dropped)
    assert one.targets.ndim == 2
    index = Teaching.of(targets).without(dropped)
    assert index.targets.ndim == 1
    assert same(fit(features, targets, one, penalties), fit(features, targets, index, penalties))


def test_what_is_not_repaired_gives_the_bits_of_no_teaching():
    features, targets = photos(4)
    plain = fit(features, targets, penalties=PENALTIES)
    assert same(plain, fit(features, targets, Teaching.of(targets), PENALTIES))
    assert same(plain, fit(features, targets, Teaching.of(targets).decided(ALL), PENALTIES))


def test_relabelled_photos_are_fitted_as_what_they_are_now():
    features, targets = photos(5)
    other = (targets + (INNER == 1)) % CLASSES
    teaching = Teaching.of(targets).retarget(INNER == 1, np.eye(CLASSES)[other])
    np.testing.assert_array_equal(fit(features, targets, teaching).weight, fit(features, other).weight)


def test_dropped_photos_might_as_well_not_be_there():
    features, targets = photos(6, views=2)
    dropped = np.random.default_rng(0).random(COUNT) < 0.3
    weights = np.random.default_rng(1).uniform(0.5, 2, COUNT)
    without = fit(features, targets, Teaching.of(targets).without(dropped), weights=weights)
    kept = ~dropped
    wanted = fit(features[:, kept], targets[kept], inner=INNER[kept], weights=weights[kept])
    np.testing.assert_array_equal(without.weight, wanted.weight)


def test_a_weight_of_the_teaching_is_a_weight():
    features, targets = photos(7)
    factors = np.random.default_rng(0).uniform(0, 2, COUNT)
    own = np.random.default_rng(1).uniform(0.5, 2, COUNT)
    weighed = fit(features, targets, Teaching.of(targets).reweigh(ALL, factors), weights=own)
    np.testing.assert_array_equal(weighed.weight, fit(features, targets, weights=own * factors).weight)


def test_the_penalty_is_chosen_by_what_labels_were_before_the_repair():
    features, targets = photos(8, views=2)
    rng = np.random.default_rng(0)
    plain = fit(features, targets, penalties=PENALTIES)
    repaired = Teaching.of(targets).retarget(ALL, soft_rows()).without(rng.random(COUNT) < 0.2)
    head = fit(features, targets, repaired, PENALTIES)
    assert head.path == plain.path
    alone = fit(features, targets, repaired, (plain.penalty,))
    np.testing.assert_array_equal(head.weight, alone.weight)
    assert not np.allclose(head.weight, plain.weight)


def test_out_of_fold_labels_do_not_choose_the_weakest_penalty():
    """Nothing can be learned here: soft labels that know the inner folds must not make it look as if."""
    rng = np.random.default_rng(10)
    features, targets = rng.normal(size=(1, COUNT, 200)).astype(np.float32), rng.integers(0, 3, COUNT)
    scores = held_out_scores(features, targets, 3, (1e-4,), np.arange(COUNT) % 5)
    teaching = Teaching.of(targets).retarget(ALL, 0.3 * np.eye(3)[targets] + 0.7 * scores)
    head = fit_linear(features, targets, 3, (1e-4, 1.0), INNER, teaching=teaching)
    assert head.penalty == 1.0
    leaking = fit_linear(features, targets, 3, (1e-4, 1.0), INNER, corrected=teaching)
    assert min(leaking.path.values()) < min(head.path.values()) - 0.05


def test_corrections_choose_the_penalty_too():
    """Written out: fits on corrected labels in two inner folds, their log-loss in the third."""
    from sklearn.linear_model import LogisticRegression

    features, targets = photos(8, views=2)
    rng = np.random.default_rng(0)
    other = np.where(rng.random(COUNT) < 0.3, rng.integers(0, CLASSES, COUNT), targets)
    dropped = rng.random(COUNT) < 0.2
    own, factors = rng.uniform(0.5, 2, COUNT), rng.uniform(0.2, 1, COUNT)
    teaching = Teaching.of(targets).retarget(ALL, np.eye(CLASSES)[other]).without(dropped)
    corrected = teaching.reweigh(ALL, factors)
    head = fit(features, targets, None, PENALTIES, weights=own, corrected=corrected)
    each = own * factors
    rows = standard(features, each, ~dropped)
    for penalty in PENALTIES:
        losses = np.empty(COUNT)
        for fold in range(3):
            train, held = (fold != INNER) & ~dropped, fold == INNER
            model = LogisticRegression(C=1 / (penalty * each[train].sum()), tol=1e-10, max_iter=20_000)
            model.fit(rows[train], other[train], sample_weight=each[train])
            found = model.predict_proba(rows[held])
            losses[held] = -np.log(found[np.arange(held.sum()), other[held]])
        wanted = np.average(losses[~dropped], weights=each[~dropped])
        assert head.path[penalty] == pytest.approx(wanted, rel=2e-3)
    alone = fit(features, targets, corrected, (head.penalty,), weights=own)
    np.testing.assert_array_equal(head.weight, alone.weight)


def test_soft_corrections_are_judged_by_their_shares():
    features, targets = photos(11)
    quarters = np.random.default_rng(3).multinomial(4, np.full(CLASSES, 1 / CLASSES), COUNT)
    soft = fit(
        features, targets, None, PENALTIES, corrected=Teaching.of(targets).retarget(ALL, quarters / 4.0)
    )
    copies = np.repeat(np.arange(COUNT), 4)
    hard = np.concatenate([np.repeat(np.arange(CLASSES), row) for row in quarters])
    wanted = fit(features[:, copies], hard, penalties=PENALTIES, inner=INNER[copies])
    assert soft.path == pytest.approx(wanted.path, rel=1e-3)


def test_held_out_scores_are_those_of_heads_that_did_not_see_the_photo():
    features, targets = photos(9, views=2)
    found = held_out_scores(features, targets, CLASSES, PENALTIES, INNER)
    best = fit(features, targets, penalties=PENALTIES)
    judged = -np.log(found[np.arange(COUNT), targets]).mean()
    assert judged == pytest.approx(best.path[best.penalty], rel=1e-3)
    np.testing.assert_allclose(found.sum(1), 1)
    for fold in range(3):  # other labels inside a fold change the scores of the others alone
        changed = np.where(fold == INNER, (targets + 1) % CLASSES, targets)
        again = held_out_scores(features, changed, CLASSES, (best.penalty,), INNER)
        alone = held_out_scores(features, targets, CLASSES, (best.penalty,), INNER)
        moved = np.abs(again - alone).max(1) > 1e-6
        assert not moved[fold == INNER].any()
        assert moved[fold != INNER].mean() > 0.9


def test_held_out_scores_follow_what_is_taught_and_score_dropped_photos():
    features, targets = photos(10)
    other = (targets + 1) % CLASSES
    dropped = np.arange(COUNT) < 20
    teaching = Teaching.of(targets).retarget(ALL, np.eye(CLASSES)[other]).without(dropped)
    found = held_out_scores(features, targets, CLASSES, (1e-2,), INNER, teaching=teaching)
    np.testing.assert_allclose(found.sum(1), 1)
    kept = ~dropped
    alone = held_out_scores(features[:, kept], other[kept], CLASSES, (1e-2,), INNER[kept])
    np.testing.assert_allclose(found[kept], alone, atol=1e-6)
    assert (found.argmax(1) == other).mean() > 0.5
