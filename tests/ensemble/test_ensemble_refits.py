"""What refitting adds to the variance of a nested score: against loops written out."""

import numpy as np
import pytest
from ensemble_kit import made, right

from thresher.ensemble import REGISTRY
from thresher.ensemble.nested import combined, nested
from thresher.ensemble.refits import pairs, refitted
from thresher.metrics.intervals import Interval
from thresher.metrics.scores import METRICS
from thresher.predictions import Predictions

ALIKE = (1.5,) * 6
"""Models between which only luck decides."""


def accuracy(targets, scores):
    return right(scores, targets)


def variance(found, metric, minus=None):
    return found.variances({"it": metric}, minus)["it"]


def naive_jackknife(values):
    """Quenouille's and Tukey's formula, term by term."""
    middle = sum(values) / len(values)
    return (len(values) - 1) / len(values) * sum((one - middle) ** 2 for one in values)


@pytest.mark.parametrize("name", ["subsets", "greedy", "logistic"])
def test_variance_by_hand(name):
    stack, part = made(merits=ALIKE, rows=160), REGISTRY.build(name)
    scores = nested(part, stack, 0)
    found = refitted(part, stack, scores, 0)
    assert len(found.pairs) == pairs(4) == 6
    for metric in METRICS.values():
        again, before = [], []
        for fold in range(4):
            rest = stack.take(stack.folds != fold)
            again.append(metric(rest.targets, nested(part, rest, 0)))
            before.append(metric(rest.targets, scores[stack.folds != fold]))
        wanted = max(0.0, naive_jackknife(again) - naive_jackknife(before))
        assert variance(found, metric) == pytest.approx(wanted, abs=1e-12)


def test_variance_of_a_difference_by_hand():
    stack, part = made(merits=ALIKE, rows=160), REGISTRY.build("subsets")
    scores, plain = nested(part, stack, 0), stack.scores.mean(0)
    again, before = [], []
    for fold in range(4):
        kept = stack.folds != fold
        rest, base = stack.take(kept), right(plain[kept], stack.targets[kept])
        again.append(right(nested(part, rest, 0), rest.targets) - base)
        before.append(right(scores[kept], rest.targets) - base)
    wanted = max(0.0, naive_jackknife(again) - naive_jackknife(before))
    found = variance(refitted(part, stack, scores, 0), accuracy, plain)
    assert found == pytest.approx(wanted, abs=1e-12)


def test_many_folds_become_five_blocks_and_none_is_torn():
    stack, part = made(folds=12), REGISTRY.build("subsets")
    found = refitted(part, stack, nested(part, stack, 0), 0)
    assert len(found.pairs) == pairs(12) == 10
    assert set(found.blocks) == set(range(5))
    assert all(len(set(found.blocks[stack.folds == fold])) == 1 for fold in range(12))


def test_no_ensemble_of_a_pair_saw_its_photos():
    stack, part = made(merits=ALIKE, rows=160), REGISTRY.build("subsets")
    scores = nested(part, stack, 0)
    first = refitted(part, stack, scores, 0)
    for pair, fitted in first.pairs.items():
        targets = stack.targets.copy()
        held = np.isin(first.blocks, pair)
        targets[held] = (targets[held] + 1) % 3
        other = refitted(part, type(stack)(stack.scores, targets, stack.folds, stack.names), scores, 0)
        np.testing.assert_array_equal(fitted.weights, other.pairs[pair].weights)


@pytest.mark.parametrize(("name", "folds"), [("mean", 5), ("subsets", 2)])
def test_nothing_is_added_where_nothing_is_fitted_or_known(name, folds):
    stack, part = made(folds=folds), REGISTRY.build(name)
    found = refitted(part, stack, nested(part, stack, 0), 0)
    assert found.pairs == {}
    assert variance(found, accuracy) == 0
    one = {"accuracy": Interval(value=0.5, low=0.4, high=0.6)}
    assert found.loosened(one) == one
    assert pairs(2) == 0


def test_choice_by_luck_adds_much_and_a_clear_best_model_nothing():
    part, added = REGISTRY.build("subsets"), {}
    for name, merits in {"alike": ALIKE, "clear": (2.0, 0.1, 0.1)}.items():
        found = []
        for seed in range(20):
            stack = made(seed, rows=150, merits=merits, folds=5)
            scores = nested(part, stack, 0)
            chance = right(scores, stack.targets)
            own = chance * (1 - chance) / len(stack)
            found.append(variance(refitted(part, stack, scores, 0), accuracy) / own)
        added[name] = np.median(found)
    assert added["alike"] > 0.5
    assert added["clear"] == 0


def test_combined_refits_only_where_it_is_asked():
    stack = made(rows=120)
    labels = np.array(["a", "b", "c"], dtype=object)[stack.targets]
    models = [
        Predictions(np.arange(120).astype(str), one, ("a", "b", "c"), "oof", labels, stack.folds)
        for one in stack.scores
    ]
    part = REGISTRY.build("simplex")
    assert combined(part, models).refits is None
    found = combined(part, models, refit=True)
    np.testing.assert_array_equal(found.refits.scores, found.oof.scores)
    assert len(found.refits.pairs) == 6
    assert combined(REGISTRY.build("mean"), models, refit=True).refits is None
