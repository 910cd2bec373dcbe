"""Means that nobody fits, by hand; canonical order; inner folds; nested scores row by row."""

from dataclasses import replace

import numpy as np
import pytest
from ensemble_kit import made
from scipy.stats import gmean, rankdata

from thresher.ensemble import REGISTRY
from thresher.ensemble.canonical import canonical, shared
from thresher.ensemble.inner import inner_folds
from thresher.ensemble.nested import combined, fits
from thresher.predictions import Predictions, mean
from thresher.progress import Progress

NAMES = np.array(["a", "b", "c"], dtype=object)


def test_the_mean_of_logits_is_the_geometric_mean():
    stack = made()
    found = REGISTRY.build("logit_mean").fit(stack).apply(stack.scores)
    wanted = gmean(stack.scores, axis=0)
    np.testing.assert_allclose(found, wanted / wanted.sum(1, keepdims=True), atol=1e-12)
    sure = np.array([[[1.0, 0.0, 0.0]], [[0.0, 0.5, 0.5]]])
    found = REGISTRY.build("logit_mean", {"floor": 1e-4}).fit(stack.pick([0, 1])).apply(sure)
    powers = np.sqrt([1e-4, 0.5e-4, 0.5e-4])
    np.testing.assert_allclose(found[0], powers / powers.sum(), atol=1e-12)


def test_votes_are_counted_and_ties_decided_by_the_mean():
    scores = np.array([[[0.6, 0.4, 0.0]], [[0.1, 0.2, 0.7]], [[0.5, 0.5, 0.0]], [[0.2, 0.6, 0.2]]])
    stack = made(merits=(1,) * 4)
    found = REGISTRY.build("vote", {"share": 0.1}).fit(stack).apply(scores)
    np.testing.assert_allclose(
        found[0], 0.9 * np.array([1.5, 1.5, 1]) / 4 + 0.1 * np.array([1.4, 1.7, 0.9]) / 4
    )
    assert found[0].argmax() == 1


def test_ranks_are_those_among_the_known_photos():
    stack = made(rows=50)
    found = REGISTRY.build("rank_mean").fit(stack).apply(stack.scores)
    wanted = sum(rankdata(one, axis=0) - 0.5 for one in stack.scores)
    np.testing.assert_allclose(found, wanted / wanted.sum(1, keepdims=True), atol=1e-6)


def test_canonical_order():
    stack = made(merits=(0.5, 2.0, 1.0))
    ordered, models, copies = canonical(stack.pick([0, 1, 2, 1]))
    assert models.tolist() == [1, 2, 0]  # the best first
    assert copies.tolist() == [2, 0, 1, 0]
    np.testing.assert_array_equal(np.sort(ordered.scores[0], axis=0), np.sort(stack.scores[1], axis=0))
    np.testing.assert_allclose(shared(np.array([0.5, 0.3, 0.2]), copies), [0.2, 0.25, 0.3, 0.25])
    rows = np.random.default_rng(0).permutation(len(stack))
    again = canonical(stack.pick([2, 0, 1]).take(rows))[0]
    for one, other in (
        (ordered.scores, again.scores),
        (ordered.targets, again.targets),
        (ordered.folds, again.folds),
    ):
        np.testing.assert_array_equal(one, other)


def test_inner_folds():
    stack = made(folds=5)
    dealt = inner_folds(stack, 3)
    assert sorted(set(dealt)) == [0, 1, 2]
    assert all(len(set(dealt[stack.folds == fold])) == 1 for fold in range(5))
    single = replace(stack, folds=np.zeros(len(stack), int), groups=np.arange(len(stack)) // 4)
    dealt = inner_folds(single, 3)
    assert sorted(set(dealt)) == [0, 1, 2]
    assert all(len(set(dealt[single.groups == group])) == 1 for group in range(75))
    alone = inner_folds(replace(single, groups=None), 3)
    for target in range(3):
        assert np.ptp(np.bincount(alone[single.targets == target])) <= 1
    one_group = replace(single, groups=np.zeros(len(stack), int))
    assert sorted(set(inner_folds(one_group, 2))) == [0, 1]


def predictions(stack):
    """The stack's models as scores with ids; some rows have no label, some no fold."""
    ids = np.array([f"{row}" for row in range(len(stack))], dtype=object)
    labels = NAMES[stack.targets]
    labels[:5] = None
    folds = stack.folds.copy()
    folds[:10] = -1
    return [Predictions(ids, one, tuple(NAMES), "oof", labels, folds) for one in stack.scores], folds


class Counting(Progress):
    def __init__(self):
        self.count = 0

    def advance(self, count=1, **facts):
        self.count += count


def test_nested_scores_row_by_row():
    stack = made()
    models, folds = predictions(stack)
    part, told = REGISTRY.build("simplex"), Counting()
    order = np.random.default_rng(0).permutation(len(stack))
    found = combined(
        part,
        [models[0], *(one.take(order) for one in models[1:])],
        [one.take(range(20)) for one in models],
        refit=True,
        progress=told,
    )
    known = np.flatnonzero(folds >= 0)
    whole = part.fit(stack.take(known)).weights
    for row in (0, 7, 10, 100, 299):
        weights = whole
        if folds[row] >= 0:
            weights = part.fit(stack.take(known[folds[known] != folds[row]])).weights
        np.testing.assert_allclose(found.oof.scores[row], weights @ stack.scores[:, row], atol=1e-12)
        np.testing.assert_allclose(found.naive.scores[row], whole @ stack.scores[:, row], atol=1e-12)
    np.testing.assert_allclose(found.test.scores, np.tensordot(whole, stack.scores[:, :20], 1), atol=1e-12)
    assert told.count == fits(part, folds) == 1 + 4 + 6
    assert found.seconds["search"] > 0


def test_the_mean_keeps_its_bits():
    models, _ = predictions(made())
    found = combined(REGISTRY.build("mean"), models, models)
    for one in (found.oof, found.naive, found.test):
        assert np.array_equal(one.scores, mean(models).scores)
    assert fits(REGISTRY.build("mean"), np.arange(5)) == 1


@pytest.mark.parametrize("name", ["mean", "simplex", "rank_mean"])
def test_other_folds_and_groups_may_be_given(name):
    stack = made()
    models, _ = predictions(stack)
    other = np.arange(len(stack)) % 2
    found = combined(REGISTRY.build(name), models, folds=other, groups=np.arange(len(stack)) // 2)
    assert list(found.oof.folds) == list(models[0].folds)  # what scored the row, not what combined it
    np.testing.assert_allclose(found.oof.scores.sum(1), 1)
