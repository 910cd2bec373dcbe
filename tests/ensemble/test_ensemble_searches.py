"""Searches for weights against loops written out, SciPy and grids."""

from itertools import product

import numpy as np
import pytest
from ensemble_kit import joined, made, right, useless
from scipy.optimize import differential_evolution

from thresher.ensemble import REGISTRY
from thresher.ensemble.canonical import canonical
from thresher.ensemble.per_view import by_model
from thresher.ensemble.subsets import subsets
from thresher.errors import DataError, RecipeError
from thresher.metrics.scores import log_loss, macro_f1


def test_all_subsets_by_a_loop():
    stack = made(rows=400, merits=(1.5, 1.5, 1.4, 1.0, 0.6))
    gains = {}
    for chosen in product((0, 1), repeat=5):
        if any(chosen):
            mean = np.tensordot(np.array(chosen) / sum(chosen), stack.scores, 1)
            gains[chosen] = (macro_f1(stack.targets, mean), -log_loss(stack.targets, mean))
    best = max(gains, key=lambda chosen: (round(gains[chosen][0], 12), gains[chosen][1]))
    weights = REGISTRY.build("subsets", {"metric": "macro_f1"}).fit(stack).weights
    np.testing.assert_allclose(weights, np.array(best) / sum(best))


def test_weights_are_searched_among_the_best_subset_alone():
    stack = made(rows=300, merits=(1.5, 1.5, 1.4, 0.2, 0.2))
    best = REGISTRY.build("subsets").fit(stack).weights > 0
    assert 1 < best.sum() < 5
    search = {"name": "differential_evolution", "rounds": 4, "seed": 8}
    found = REGISTRY.build("subsets", {"then": search}).fit(stack).weights
    alone = REGISTRY.build(search["name"], {"rounds": 4, "seed": 8}).fit(stack.pick(np.flatnonzero(best)))
    np.testing.assert_allclose(found[best], alone.weights)
    assert not found[~best].any()
    with pytest.raises(RecipeError, match="no search for weights"):
        REGISTRY.build("subsets", {"then": "logistic"})


def test_subsets_are_all_there_or_the_smallest_and_the_largest():
    found = {tuple(row) for row in subsets(4, 100)}
    assert found == {one for one in product((False, True), repeat=4) if any(one)}
    assert len(subsets(9, 1 << 16)) == 511
    sizes = subsets(20, 300).sum(1)
    assert sorted(set(sizes)) == [1, 2, 19, 20]
    assert len(sizes) == 20 + 190 + 20 + 1
    assert len({tuple(row) for row in subsets(20, 300)}) == len(sizes)
    assert subsets(30, 1).sum(1).max() == 1  # at least the models themselves


def test_greedy_by_a_loop():
    stack = made(rows=300, merits=(1.5, 1.4, 1.3, 0.8))
    ordered, models, _ = canonical(stack)
    counts, best, top = np.zeros(4), None, -np.inf
    for _ in range(25):
        tried = []
        for model in range(4):
            weights = counts.copy()
            weights[model] += 1
            mean = np.tensordot(weights / weights.sum(), ordered.scores, 1)
            tried.append(-log_loss(ordered.targets, mean))
        counts[int(np.argmax(tried))] += 1
        if max(tried) > top + 1e-12:
            top, best = max(tried), counts.copy()
    part = REGISTRY.build("greedy", {"metric": "log_loss", "rounds": 25, "bags": 1})
    np.testing.assert_allclose(part.fit(stack).weights[models], best / best.sum())


def test_bags_leave_no_model_out_that_helps():
    stack = made(merits=(1.3, 1.3, 1.3, 1.3, 1.3, 1.3))
    weights = REGISTRY.build("greedy", {"rounds": 20, "bags": 30}).fit(stack).weights
    assert weights.min() > 0.01
    assert weights.std() < REGISTRY.build("greedy", {"rounds": 20, "bags": 1}).fit(stack).weights.std()


def test_differential_evolution_takes_the_path_of_the_source():
    stack = made(rows=500, merits=(1.5, 1.4, 1.3, 0.8))
    ordered, models, _ = canonical(stack)
    rows = ordered.scores.transpose(1, 0, 2)

    def loss(weights):
        mean = np.mean(weights[:, None] * rows, axis=1)
        return 1 - np.average(ordered.targets == [np.argmax(one) for one in mean])

    wanted = differential_evolution(loss, [(0, 1)] * 4, maxiter=4, tol=1e-5, seed=8)
    part = REGISTRY.build("differential_evolution", {"rounds": 4, "seed": 8})
    np.testing.assert_allclose(part.fit(stack).weights[models], wanted.x / wanted.x.sum(), atol=1e-12)


def test_simplex_finds_the_lowest_log_loss():
    stack = joined(made(merits=(1.5, 1.0)), useless(made()))
    weights = REGISTRY.build("simplex").fit(stack).weights
    found = log_loss(stack.targets, np.tensordot(weights, stack.scores, 1))
    steps = np.linspace(0, 1, 21)
    grid = [(a, b, 1 - a - b) for a in steps for b in steps if a + b <= 1 + 1e-9]
    losses = [log_loss(stack.targets, np.tensordot(one, stack.scores, 1)) for one in grid]
    assert found <= min(losses) + 1e-9
    np.testing.assert_allclose(weights, grid[int(np.argmin(losses))], atol=0.06)


@pytest.mark.parametrize("name", ["differential_evolution", "optuna", "greedy", "subsets"])
def test_a_search_finds_the_one_good_model(name):
    stack = made(merits=(0.2, 4.0, 0.2))
    weights = REGISTRY.build(name).fit(stack).weights
    assert weights.argmax() == 1
    mixed = np.tensordot(weights, stack.scores, 1)
    assert right(mixed, stack.targets) >= right(stack.scores[1], stack.targets) - 0.01


def test_optuna_is_silent_and_leaves_its_logging_as_it_was(capfd):
    import optuna

    before = optuna.logging.get_verbosity()
    REGISTRY.build("optuna", {"trials": 5}).fit(made())
    assert optuna.logging.get_verbosity() == before
    assert capfd.readouterr() == ("", "")


def test_a_missing_package_is_named_before_anything_is_computed(monkeypatch):
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in ("optuna", "lightgbm") else found(name)
    )
    for name in ("optuna", "lightgbm", "per_view"):
        with pytest.raises(
            RecipeError, match=r"needs the package (optuna|lightgbm): pip install 'thresher\[ensemble\]'"
        ):
            REGISTRY.build(name)


def test_given_weights_go_by_name_also_where_models_are_copies():
    stack = made(merits=(2.0, 1.0))
    both = joined(stack, stack.scores[0])
    copy = both.names[2]
    for weights in ({copy: 1}, {copy: 1, both.names[0]: 1}, {copy: 1, both.names[1]: 3}):
        fitted = REGISTRY.build("weighted", {"weights": weights}).fit(both)
        wanted = np.array([weights.get(name, 0) for name in both.names]) / sum(weights.values())
        np.testing.assert_allclose(fitted.weights, wanted)
        np.testing.assert_allclose(fitted.apply(both.scores), np.tensordot(wanted, both.scores, 1))


def test_given_weights_and_merits():
    stack = made(merits=(2.0, 1.0, 0.5))
    given = REGISTRY.build("weighted", {"weights": {"model2": 1, "model0": 3}}).fit(stack)
    np.testing.assert_allclose(given.weights, [0.75, 0, 0.25])
    with pytest.raises(DataError, match="no model is named 'model9'"):
        REGISTRY.build("weighted", {"weights": {"model9": 1}}).fit(stack)
    shares = np.bincount(stack.targets) / len(stack)
    merits = np.array([right(one, stack.targets) - shares.max() for one in stack.scores])
    found = REGISTRY.build("weighted", {"power": 3}).fit(stack).weights
    np.testing.assert_allclose(found, merits**3 / (merits**3).sum(), atol=1e-12)
    hopeless = joined(stack.pick([0]), 1 - np.eye(3)[stack.targets] * 0.999 - 0.0003)
    worse = hopeless.scores / hopeless.scores.sum(2, keepdims=True)
    weights = (
        REGISTRY.build("weighted").fit(type(stack)(worse, stack.targets, stack.folds, hopeless.names)).weights
    )
    assert weights.tolist() == [1.0, 0.0]


def test_weights_by_model_and_view():
    weights = {"b4@full": 0.3, "b4@centre": 0.2, "vit": 0.5}
    assert by_model(weights) == {"b4": {"full": 0.3, "centre": 0.2}, "vit": {"": 0.5}}
