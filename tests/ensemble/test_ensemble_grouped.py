"""Local ensembles first: S07's two models averaged, S22's groups, and what the second step may see."""

import numpy as np
import pytest
from ensemble_kit import made, right

from thresher.ensemble import REGISTRY
from thresher.ensemble.nested import nested
from thresher.errors import DataError


def test_two_models_averaged_then_all_subsets_as_the_1st_place_did():
    stack = made(merits=(1.5, 1.4, 1.3))
    part = REGISTRY.build("grouped", {"groups": {"vit_resnext": ["model0", "model2"]}, "then": "subsets"})
    both = (stack.scores[0] + stack.scores[2]) / 2
    tried = {
        (0.5, 0, 0.5): both,
        (0, 1, 0): stack.scores[1],
        (0.25, 0.5, 0.25): (both + stack.scores[1]) / 2,
    }
    best = max(right(one, stack.targets) for one in tried.values())
    found = part.fit(stack)
    assert right(found.apply(stack.scores), stack.targets) == best
    assert tuple(found.weights) in tried


def test_groups_averaged():
    stack = made()
    groups = {"a": ["model0", "model1"], "b": ["model2", "model3"]}
    found = REGISTRY.build("grouped", {"groups": groups, "inside": "logit_mean"})
    assert not found.learns
    inside = REGISTRY.build("logit_mean")
    parts = [inside.fit(stack.pick(members)).apply(stack.scores[members]) for members in ([0, 1], [2, 3])]
    np.testing.assert_allclose(found.fit(stack).apply(stack.scores), (parts[0] + parts[1]) / 2, atol=1e-12)
    assert found.fit(stack).weights is None


def test_the_second_step_sees_nested_scores_of_the_first():
    stack = made(merits=(1.5, 1.4, 1.3, 1.2))
    groups = {"a": ["model0", "model1"], "b": ["model2", "model3"]}
    found = REGISTRY.build("grouped", {"groups": groups, "inside": "simplex", "then": "simplex"}).fit(stack)
    simplex = REGISTRY.build("simplex")
    halves = [stack.pick([0, 1]), stack.pick([2, 3])]
    seen = np.stack([nested(simplex, one, 0) for one in halves])
    outer = simplex.fit(type(stack)(seen, stack.targets, stack.folds, ("a", "b"))).weights
    inner = [simplex.fit(one).weights for one in halves]
    np.testing.assert_allclose(found.weights, [*outer[0] * inner[0], *outer[1] * inner[1]], atol=1e-9)


def test_groups_of_strangers_are_refused():
    stack = made()
    for groups, text in (
        ({"a": ["model7"]}, "no model is named 'model7'"),
        ({"a": ["model0"], "b": ["model0"]}, "'model0' stands twice"),
    ):
        with pytest.raises(DataError, match=text):
            REGISTRY.build("grouped", {"groups": groups}).fit(stack)
