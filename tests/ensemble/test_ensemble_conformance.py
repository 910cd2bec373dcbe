"""Laws that every registered ensemble obeys; one that joins is tested without another line."""

from dataclasses import replace

import numpy as np
import pytest
from ensemble_kit import joined, made, right, useless
from hypothesis import given, settings
from hypothesis import strategies as st

from thresher import ensemble
from thresher.ensemble import Ensemble, Fitted, Stack
from thresher.ensemble.nested import nested
from thresher.errors import DataError
from thresher.metrics.metric import metric
from thresher.metrics.resampling import luck
from thresher.registry import Part

NET = {"epochs": 3, "rate": 0.02, "width": 8}
QUICK = {
    "auto": {"among": ["mean", {"name": "greedy", "bags": 1, "rounds": 20}, "simplex"]},
    "average": {"of": ["simplex", {"name": "logistic", "penalties": [0.1]}]},
    "cnn_1d": NET,
    "cnn_2d": NET,
    "differential_evolution": {"rounds": 6},
    "greedy": {"rounds": 30, "bags": 5},
    "lightgbm": {"rounds": 20, "rate": 0.2},
    "logistic": {"penalties": [1.0, 0.01]},
    "mlp": NET,
    "optuna": {"trials": 25},
    "per_view": {"search": {"name": "greedy", "bags": 4}},
}
"""Settings that make a part quick."""
LOCAL = {"near": ["model0", "model2"]}
MORE = [
    ("grouped", {"groups": LOCAL, "inside": "simplex", "then": {"name": "greedy", "bags": 1, "rounds": 20}}),
    ("grouped", {"inside": "simplex", "then": "simplex"}),
    ("auto", {"among": ["mean", {"name": "logistic", "penalties": [0.01]}], "metric": "log_loss"}),
    ("average", {"of": ["simplex", {"name": "greedy", "bags": 1, "rounds": 20}]}),
    ("greedy", {"bags": 1, "metric": "log_loss"}),
    ("subsets", {"metric": "macro_f1"}),
    ("weighted", {"metric": "auc", "power": 1}),
]
CASES = [(one.name, QUICK.get(one.name, {})) for one in ensemble.list_ensembles()] + MORE
SAME = {"rtol": 0, "atol": 2e-6}  # networks calculate in single precision


def law_answers_are_probabilities_and_each_photo_stands_alone(part, stack):
    fitted = part.fit(stack, 0)
    scores = fitted.apply(stack.scores)
    assert scores.shape == stack.scores.shape[1:]
    assert scores.min() >= 0
    np.testing.assert_allclose(scores.sum(1), 1, atol=1e-9)
    some = np.array([7, 3, 200])
    np.testing.assert_allclose(fitted.apply(stack.scores[:, some]), scores[some], **SAME)
    assert fitted.apply(stack.scores[:, :0]).shape == (0, stack.scores.shape[2])


def law_weights_lie_on_the_simplex_and_are_those_of_the_mean(part, stack):
    fitted = part.fit(stack, 0)
    if fitted.weights is None:
        return
    assert fitted.weights.shape == (len(stack.names),)
    assert fitted.weights.min() >= 0
    assert fitted.weights.sum() == pytest.approx(1)
    if part.linear:
        mean = np.tensordot(fitted.weights, stack.scores, 1)
        np.testing.assert_allclose(fitted.apply(stack.scores), mean, atol=1e-9)


def law_the_seed_is_all_the_randomness(part, stack):
    found = []
    for other in (1, 2):
        np.random.seed(other)  # noqa: NPY002
        found.append(part.fit(stack, 3).apply(stack.scores))
    assert np.array_equal(*found)


def law_the_stack_is_left_alone(part, stack):
    before = stack.scores.copy(), stack.targets.copy(), stack.folds.copy()
    part.fit(stack, 0).apply(stack.scores)
    for one, other in zip(before, (stack.scores, stack.targets, stack.folds), strict=True):
        assert np.array_equal(one, other)


def law_the_order_of_models_does_not_matter(part, stack):
    order = np.random.default_rng(5).permutation(len(stack.names))
    one, other = part.fit(stack, 0), part.fit(stack.pick(order), 0)
    np.testing.assert_allclose(other.apply(stack.scores[order]), one.apply(stack.scores), **SAME)
    if one.weights is not None:
        np.testing.assert_allclose(other.weights, one.weights[order], atol=1e-9)


def law_the_order_of_photos_does_not_matter(part, stack):
    order = np.random.default_rng(5).permutation(len(stack))
    one, other = part.fit(stack, 0), part.fit(stack.take(order), 0)
    np.testing.assert_allclose(other.apply(stack.scores), one.apply(stack.scores), **SAME)
    if one.weights is not None:
        np.testing.assert_allclose(other.weights, one.weights, atol=1e-9)


def law_a_copy_changes_nothing_but_its_weight(part, stack):
    one = part.fit(stack, 0)
    twice = stack.pick([*range(len(stack.names))] * 2)
    np.testing.assert_allclose(part.fit(twice, 0).apply(twice.scores), one.apply(stack.scores), **SAME)
    if not part.learns:
        return  # a copy in a plain mean counts as one more model
    more = stack.pick([0, 1, 2, 3, 1])
    other = part.fit(more, 0)
    np.testing.assert_allclose(other.apply(more.scores), one.apply(stack.scores), **SAME)
    if one.weights is not None:
        assert other.weights[1] == other.weights[4]
        shared = np.append(other.weights[:1], [2 * other.weights[1], *other.weights[2:4]])
        np.testing.assert_allclose(shared, one.weights, atol=1e-9)


def law_a_useless_model_does_no_harm(part, stack):
    if not part.learns:  # it cannot know: but one that says nothing changes no answer
        level = np.full_like(stack.scores[0], 1 / stack.scores.shape[2])
        for before, more in (
            (stack.pick([0]), joined(stack.pick([0]), level)),
            (stack, joined(stack, level)),
        ):
            answers = part.fit(more, 0).apply(more.scores).argmax(1)
            assert np.array_equal(answers, part.fit(before, 0).apply(before.scores).argmax(1))
        return
    worse = []
    for seed in range(2):
        before = made(seed, folds=2)
        after = joined(before, useless(before, seed))
        pair = (nested(part, after, 0), nested(part, before, 0))
        worse.append(luck(metric("accuracy"), before.targets, *pair, np.arange(len(before))))
    assert max(worse) > 0.05


def law_no_fold_is_scored_by_what_saw_it(part, stack):
    before = nested(part, stack, 0)
    held = stack.folds == 2
    other = stack.targets.copy()
    other[held] = np.random.default_rng(1).permutation(other[held])
    after = nested(part, replace(stack, targets=other), 0)
    np.testing.assert_allclose(after[held], before[held], **SAME)


def law_a_label_leak_in_the_scores_of_one_fold_is_ignored(part, stack):
    clean = joined(stack, useless(stack))
    held = clean.folds == 1
    leak = clean.scores.copy()
    leak[-1, held] = np.eye(3)[clean.targets[held]]
    leaky = replace(clean, scores=leak)
    # What the leak could teach would be the weight of the last model; it must be that of noise.
    rest = part.fit(clean.take(~held), 0)
    found = nested(part, leaky, 0)[held]
    if part.learns:
        np.testing.assert_allclose(found, rest.apply(leak[:, held]), **SAME)
    if part.learns and rest.weights is not None:
        assert rest.weights[-1] <= 1 / len(clean.names)  # equal weights are all that the plain mean gives


def law_few_photos_and_absent_classes_are_no_accident(part, stack):
    for rows in (
        np.arange(8),
        np.flatnonzero(stack.targets < 2)[:60],
        np.flatnonzero(stack.targets == 1)[:9],
    ):
        small = stack.take(rows)
        scores = part.fit(small, 0).apply(stack.scores)
        assert np.isfinite(scores).all()
        np.testing.assert_allclose(scores.sum(1), 1, atol=1e-9)


def law_one_model_alone_is_kept(part, stack):
    alone = stack.pick([1])
    try:
        part.check(alone.names)
    except ValueError:  # it was told of other models
        return
    fitted = part.fit(alone, 0)
    assert fitted.weights is None or fitted.weights.tolist() == [1.0]
    found = fitted.apply(alone.scores)
    if part.linear:
        np.testing.assert_allclose(found, alone.scores[0], atol=1e-5)
    assert right(found, stack.targets) > right(alone.scores[0], stack.targets) - 0.1


def law_it_is_better_than_its_worst_model(part, stack):
    worst = min(right(one, stack.targets) for one in stack.scores)
    assert right(nested(part, stack, 0), stack.targets) > worst


LAWS = [value for name, value in sorted(globals().items()) if name.startswith("law_")]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__.removeprefix("law_"))
@pytest.mark.parametrize(("name", "chosen"), CASES, ids=lambda value: str(value) if value else "")
def test_law(name, chosen, law):
    law(ensemble.REGISTRY.build(name, ensemble.REGISTRY.check(name, chosen)), made())


@pytest.mark.parametrize("name", ["simplex", "subsets", "greedy"])
@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 99), rows=st.integers(4, 40), models=st.integers(1, 5), classes=st.integers(2, 4))
def test_any_stack_can_be_combined(name, seed, rows, models, classes):
    part = ensemble.REGISTRY.build(name, QUICK.get(name, {}))
    stack = made(seed, rows, (1.0,) * models, folds=2, classes=classes)
    scores = nested(part, stack, 0)
    np.testing.assert_allclose(scores.sum(1), 1, atol=1e-9)
    copies = stack.pick([0, *range(models)])
    np.testing.assert_allclose(nested(part, copies, 0), scores, atol=1e-9)


class Best(Ensemble):
    """A right part: the model with the most right answers."""

    linear = True

    def learn(self, stack, seed):
        best = int(np.argmax([right(one, stack.targets) for one in stack.scores]))
        return Fitted(lambda scores: scores[best], np.eye(len(stack.names))[best])


class Cheat(Ensemble):
    """Remembers labels of earlier calls, draws from the global generator, and trusts the first model."""

    linear = True
    seen: dict = {}  # noqa: RUF012

    def fit(self, stack, seed=0):
        for row, target in zip(stack.scores[0], stack.targets, strict=True):
            self.seen[row.tobytes()] = target
        noise = np.random.random()  # noqa: NPY002

        def rule(scores):
            known = [self.seen.get(row.tobytes()) for row in scores[0]]
            sure = np.array([np.eye(3)[one] if one is not None else np.full(3, 1 / 3) for one in known])
            return (1 - noise / 9) * sure.reshape(-1, 3) + noise / 9 * scores[0]

        return Fitted(rule, np.full(len(stack.names), 1.0))


def test_a_new_part_is_held_to_the_laws_and_a_wrong_one_is_caught(monkeypatch):
    monkeypatch.setattr(ensemble.REGISTRY, "parts", dict(ensemble.REGISTRY.parts))
    for kind in (Best, Cheat):
        monkeypatch.setattr(ensemble, kind.__name__, kind, raising=False)
        ensemble.REGISTRY.add(Part(kind.__name__, f"thresher.ensemble:{kind.__name__}", "of a test"))
    assert {"Best", "Cheat"} <= {one.name for one in ensemble.list_ensembles()}
    for law in LAWS:
        law(ensemble.REGISTRY.build("Best"), made())
    broken = set()
    for law in LAWS:
        try:
            law(ensemble.REGISTRY.build("Cheat"), made())
        except AssertionError:
            broken.add(law)
    assert broken >= {
        law_no_fold_is_scored_by_what_saw_it,
        law_a_label_leak_in_the_scores_of_one_fold_is_ignored,
        law_the_seed_is_all_the_randomness,
        law_weights_lie_on_the_simplex_and_are_those_of_the_mean,
        law_the_order_of_models_does_not_matter,
    }


def test_nothing_to_learn_from_is_said():
    stack = made()
    greedy = ensemble.REGISTRY.build("greedy")
    with pytest.raises(DataError, match="at least one model"):
        greedy.fit(stack.pick([]), 0)
    with pytest.raises(DataError, match="no photo has both"):
        greedy.fit(stack.take(np.zeros(0, int)), 0)
    with pytest.raises(DataError, match="two folds at least"):
        nested(greedy, replace(stack, folds=np.zeros(len(stack), int)), 0)
    assert isinstance(stack, Stack)
