"""Stackers: what they can learn, that they fall back on the mean, and that they leave no trace."""

import numpy as np
import pytest
import torch
from ensemble_kit import joined, made, right, useless
from sklearn.linear_model import LogisticRegression

from thresher.ensemble import REGISTRY, Stack
from thresher.ensemble.auto import Auto, Once
from thresher.ensemble.logistic import Regression, regress
from thresher.ensemble.nested import nested
from thresher.ensemble.stacker import Rows
from thresher.metrics.scores import log_loss

NET = {"epochs": 15, "rate": 0.02, "width": 16, "dropout": 0.0}
STACKERS = [
    ("logistic", {}),
    ("lightgbm", {"rounds": 60, "rate": 0.2}),
    ("mlp", NET),
    ("cnn_1d", NET),
    ("cnn_2d", NET),
]


def turned(rows=450):
    """Three models that take class 0 for 1, 1 for 2 and 2 for 0: no mean of them is right, a stacker is."""
    stack = made(rows=rows, merits=(2.5, 2.5, 2.0))
    return Stack(np.roll(stack.scores, 1, axis=2), stack.targets, stack.folds, stack.names)


@pytest.mark.parametrize(("name", "settings"), STACKERS)
def test_stackers_learn_what_no_mean_can(name, settings):
    stack = turned()
    assert right(stack.scores.mean(0), stack.targets) < 0.2
    assert right(nested(REGISTRY.build(name, settings), stack, 0), stack.targets) > 0.8


@pytest.mark.parametrize(("name", "settings"), STACKERS)
def test_where_there_is_nothing_to_learn_they_stay_at_the_mean(name, settings):
    rng = np.random.default_rng(0)
    scores = rng.dirichlet(np.ones(3), (3, 120))
    mean = scores.mean(0)
    targets = np.array([rng.choice(3, p=row) for row in mean])  # the mean is the truth
    stack = Stack(scores, targets, np.arange(120) % 4, ("a", "b", "c"))
    found = REGISTRY.build(name, settings).fit(stack).apply(scores)
    assert np.abs(found - mean).max() < 0.25
    assert (
        log_loss(targets, nested(REGISTRY.build(name, settings), stack, 0)) < log_loss(targets, mean) + 0.03
    )


def test_logistic_regression_is_scikit_learns_where_the_mean_says_nothing():
    stack = made(rows=250, merits=(1.5, 1.0))
    rows = Rows.of(stack.scores, stack.targets)
    rows = Rows(rows.logits, np.zeros_like(rows.base), rows.targets)
    inputs = np.concatenate(list(rows.logits), axis=1)
    theirs = LogisticRegression(C=1 / (0.1 * 250), tol=1e-8, max_iter=1000).fit(inputs, stack.targets)
    found = regress(rows, 0.1)
    np.testing.assert_allclose(found.weight.T, theirs.coef_, atol=2e-3)
    centred = found.bias - found.bias.mean()
    np.testing.assert_allclose(centred, theirs.intercept_ - theirs.intercept_.mean(), atol=2e-3)


def test_many_classes_share_one_number_per_model(monkeypatch):
    from thresher.ensemble import logistic

    stack = joined(made(merits=(1.5, 1.0)), useless(made()))
    monkeypatch.setattr(logistic, "WIDE", 10)
    found = regress(Rows.of(stack.scores, stack.targets), 1e-4)
    assert found.weight.shape == (3,)
    assert found.weight[2] < found.weight[1] < found.weight[0]
    np.testing.assert_allclose(
        found(Rows.of(stack.scores, stack.targets).logits),
        Regression(found.weight, found.bias)(Rows.of(stack.scores, stack.targets).logits),
    )
    part = REGISTRY.build("logistic")
    assert right(nested(part, stack, 0), stack.targets) > right(stack.scores.mean(0), stack.targets) - 0.02


def test_networks_leave_threads_and_random_numbers_as_they_were():
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    threads = torch.get_num_threads()
    stack = made(rows=60)
    REGISTRY.build("mlp", {"epochs": 2}).fit(stack).apply(stack.scores)
    assert torch.equal(torch.rand(3), wanted)
    assert torch.get_num_threads() == threads


def test_the_average_is_the_mean_of_its_members():
    stack = made(rows=120)
    specs = [{"name": "simplex"}, {"name": "logistic"}]
    whole = REGISTRY.build("average", {"of": specs}).fit(stack)
    parts = [REGISTRY.build(one["name"]).fit(stack).apply(stack.scores) for one in specs]
    np.testing.assert_allclose(whole.apply(stack.scores), (parts[0] + parts[1]) / 2, atol=1e-12)
    assert whole.weights is None
    both = REGISTRY.build("average", {"of": ["simplex", {"name": "subsets"}]}).fit(stack)
    wanted = (REGISTRY.build("simplex").fit(stack).weights + REGISTRY.build("subsets").fit(stack).weights) / 2
    np.testing.assert_allclose(both.weights, wanted)


def auto(*among, **settings):
    return REGISTRY.build("auto", {"among": list(among), **settings})


def test_auto_takes_what_is_better_by_more_than_luck():
    found = auto("mean", "simplex", "logistic").fit(turned())
    assert found.facts["chosen"] == found.facts["best"] == "logistic"
    assert found.facts["tried"]["mean"]["p"] < 1e-6


def test_auto_takes_the_simplest_where_nothing_is_better():
    stack = made(rows=300, merits=(1.5, 1.5, 1.5))
    for metric in ("accuracy", "log_loss", "auc"):
        found = auto("mean", "subsets", {"name": "greedy", "bags": 1}, metric=metric).fit(stack)
        assert found.facts["chosen"] == "mean", metric
        np.testing.assert_allclose(found.weights, 1 / 3)
    assert set(found.facts["tried"]) == {"mean", "subsets", "greedy"}


def test_auto_seldom_leaves_the_mean_by_luck():
    left = 0
    for seed in range(12):
        stack = made(seed, rows=200, merits=(1.2, 1.2, 1.2, 1.2))
        left += auto("mean", "subsets", "weighted").fit(stack, seed).facts["chosen"] != "mean"
    assert left <= 2


def test_auto_hands_its_metric_to_what_can_be_made_good():
    part = REGISTRY.build("auto", {"metric": "macro_f1"})
    assert isinstance(part, Auto)
    assert list(part.candidates) == [
        "mean",
        "logit_mean",
        "weighted",
        "simplex",
        "subsets",
        "greedy",
        "logistic",
    ]
    assert part.candidates["greedy"].part.metric == "macro_f1"
    assert part.candidates["mean"].learns is False
    assert len(REGISTRY.build("auto", {"among": "all"}).candidates) == 16
    assert "rank_mean" in REGISTRY.build("auto", {"metric": "auc"}).candidates
    assert list(auto("mean", "greedy", {"name": "greedy", "bags": 1}).candidates) == [
        "mean",
        "greedy",
        "greedy'",
    ]


def test_what_was_fitted_once_is_remembered():
    calls = []

    class Counted(type(REGISTRY.build("simplex"))):
        def fit(self, stack, seed=0):
            calls.append(seed)
            return super().fit(stack, seed)

    part, stack = Once(Counted()), made(rows=80)
    first = part.fit(stack, 0).weights
    assert part.fit(made(rows=80), 0).weights is first
    part.fit(stack, 1)
    part.fit(stack.take(np.arange(79)), 0)
    other = made(rows=80)
    other.scores[0, 0] = [0.2, 0.3, 0.5]
    part.fit(other, 0)
    assert calls == [0, 1, 0, 0]
