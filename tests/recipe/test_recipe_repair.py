"""A recipe that repairs labels: where the stage may stand, which keys have an effect, what it needs."""

import numpy as np
import pytest

from thresher import labels
from thresher.errors import RecipeError
from thresher.labels.base import Finder, Suspicion, best_other
from thresher.recipe import repairs
from thresher.recipe.loader import dump
from thresher.recipe.schema import Recipe
from thresher.registry import Part

TRAIN, LINEAR = "{kind: train}", "{kind: linear}"
TRIPLET = "{kind: train, loss: {name: combo, terms: [cross_entropy, triplet]}}"


class Made(Finder):
    """A finder with a setting."""

    def __init__(self, *, copies: int = 1):
        self.copies = copies

    def find(self, evidence, seed=0):
        wrong = 1 - evidence.scores[np.arange(len(evidence.targets)), evidence.targets]
        return Suspicion(self.copies * wrong, best_other(evidence.scores, evidence.targets))


class Near(Made):
    needs = ("embeddings",)


class Wishful(Made):
    wants = ("embeddings",)


class Agreed(Made):
    needs = ("members",)


@pytest.fixture(autouse=True)
def _finders(monkeypatch):
    for name in ("made", "near", "wishful", "agreed"):
        part = Part(name, f"{__name__}:{name.capitalize()}", "of a test")
        monkeypatch.setitem(labels.REGISTRY.parts, name, part)
    monkeypatch.setattr(repairs, "FINDER", {"name": "made"})


def load(tmp_path, *models, overrides=(), smoke=False):
    path = tmp_path / "mine.yaml"
    path.write_text("models:\n" + "".join(f"  {model}\n" for model in models))
    return Recipe.load(str(path), overrides, smoke)


def model(*stages, more=""):
    return f"a: {{{more}stages: [{', '.join(stages)}]}}"


def repair(text=""):
    return f"{{kind: repair{', ' + text if text else ''}}}"


def test_what_is_left_out_is_filled_in(tmp_path):
    recipe = load(tmp_path, model(repair(), LINEAR))
    stage = recipe.models["a"].stages[0]
    assert stage.find == {"name": "made", "copies": 1}
    assert stage.action == {"name": "soften", "share": 1.0, "above": 0.5, "most": 1.0}
    assert (stage.scores, stage.inner_folds, stage.rounds) == (None, 5, 1)
    assert [view["name"] for view in stage.views] == ["plain", "hflip"]
    (tmp_path / "again.yaml").write_text(dump(recipe))
    assert Recipe.load(str(tmp_path / "again.yaml")).models == recipe.models


def test_an_action_without_a_finder_gets_none(tmp_path):
    recipe = load(tmp_path, model(repair("action: {name: distil, share: 0.4}"), LINEAR))
    assert recipe.models["a"].stages[0].find is None
    (tmp_path / "again.yaml").write_text(dump(recipe))
    assert Recipe.load(str(tmp_path / "again.yaml")).models == recipe.models
    assert load(tmp_path, model(repair("find: null"), LINEAR)).models["a"].stages[0].find["name"] == "made"


def test_settings_can_be_changed_from_the_command_line(tmp_path):
    words = ["models.a.stages.0.find={name: made, copies: 2}", "models.a.stages.0.action=drop"]
    words.append("models.a.stages.0.action.above=1.6")
    stage = load(tmp_path, model(repair(), LINEAR), overrides=words).models["a"].stages[0]
    assert stage.find == {"name": "made", "copies": 2}
    assert stage.action == {"name": "drop", "above": 1.6, "most": 1.0}


@pytest.mark.parametrize(
    "stages",
    [
        (repair(), LINEAR),
        (repair(), LINEAR, TRAIN),
        (repair(), TRAIN),
        (LINEAR, repair(), TRAIN),
        (repair("action: drop"), repair(), LINEAR, repair("find: near"), TRAIN, repair("rounds: 3"), TRAIN),
    ],
)
def test_where_it_may_stand(tmp_path, stages):
    load(tmp_path, model(*stages))


@pytest.mark.parametrize(
    ("stages", "said"),
    [
        ((repair(),), "models.a: a repair stage says what the stages after it are taught"),
        ((LINEAR, repair()), "it cannot be the last one"),
        ((repair(), TRAIN, LINEAR), "it can only come first"),
        ((repair(), LINEAR, LINEAR), "it can only come first"),
        ((repair("action: review"), LINEAR), "stages.0.action: action 'review' changes nothing"),
        ((repair("action: distil, find: made"), LINEAR), "0.find: find has no effect with action: distil"),
        ((repair("action: dorp"), LINEAR), "no repair part is named 'dorp'; did you mean 'drop'?"),
        ((repair("find: maed"), LINEAR), "no labels part is named 'maed'; did you mean 'made'?"),
        ((repair("find: agreed"), LINEAR), "stages.0.find: find 'agreed' compares several models"),
        ((repair("action: {name: drop, above: null}"), LINEAR), "action: say above or most"),
        ((repair("action: {name: drop, abvoe: 1}"), LINEAR), "did you mean 'above'?"),
        ((repair("views: [{name: plain, weight: 2}]"), LINEAR), "0.views: views: weight has no effect"),
        ((repair("epochs: 2"), LINEAR), "it belongs to a stage of kind 'train'"),
        ((repair("inner_folds: 1"), LINEAR), "must be at least 2, not 1"),
        ((repair(), TRIPLET), "makes soft labels"),
        ((repair("action: drop, scores: b"), LINEAR), "models.a.stages.0.scores: no model is named 'b'"),
        ((repair("action: drop, scores: a"), LINEAR), "a would need each other"),
    ],
)  # fmt: skip
def test_what_makes_no_sense(tmp_path, stages, said):
    with pytest.raises(RecipeError) as caught:
        load(tmp_path, model(*stages))
    assert said in str(caught.value)
    assert "mine.yaml:" in str(caught.value)


def test_losses_of_one_class_learn_what_stays_of_one_class(tmp_path):
    for action in ("drop", "relabel", "weigh"):
        load(tmp_path, model(repair(f"action: {action}"), TRIPLET))


@pytest.mark.parametrize("more", ["tiles: mean, ", "pooling: gem, "])
def test_features_of_whole_photos_are_needed(tmp_path, more):
    with pytest.raises(RecipeError, match="repair stage"):
        load(tmp_path, model(repair(), TRAIN, more=more))
    stage = repair("scores: b, action: drop")
    load(tmp_path, "b: {}", model(stage, TRAIN, more=more))
    for find in ("near", "wishful"):
        near = repair(f"scores: b, find: {find}, action: drop")
        with pytest.raises(RecipeError, match="repair stage"):
            load(tmp_path, "b: {}", model(near, TRAIN, more=more))


@pytest.mark.parametrize("key", ["views: [plain]", "penalties: [0.1]", "inner_folds: 3", "rounds: 2"])
def test_with_scores_of_another_model_there_are_no_heads(tmp_path, key):
    stage = f"scores: b, action: drop, {key}"
    with pytest.raises(RecipeError) as caught:
        load(tmp_path, "b: {}", model(repair(stage), LINEAR))
    name = key.split(":")[0]
    assert f"stages.0.{name}: {name} has no effect with scores" in str(caught.value)
    for find in ("near", "wishful"):
        load(tmp_path, "b: {}", model(repair(f"scores: b, find: {find}, views: [plain]"), LINEAR))


def test_models_that_need_each_other_are_refused(tmp_path):
    stage = "stages: [{kind: repair, scores: SOURCE, action: drop}, {kind: train}]"
    one, two, three = (f"{name}: {{{stage}}}".replace("SOURCE", of) for name, of in ("ab", "bc", "ca"))
    with pytest.raises(RecipeError, match="would need each other"):
        load(tmp_path, one, two, three)
    starts = "c: {starts_from: a, stages: [{kind: train}]}"
    with pytest.raises(RecipeError, match="would need each other"):
        load(tmp_path, one, two, starts)
    load(tmp_path, one, two, "c: {}")


def test_a_finder_that_compares_models_needs_several_seeds(tmp_path):
    stage = model(repair("scores: b, find: agreed"), LINEAR)
    with pytest.raises(RecipeError, match="find 'agreed' needs several seeds of b"):
        load(tmp_path, "b: {}", stage)
    load(tmp_path, "b: {seeds: [0, 1]}", stage)


def test_shrunken_it_is_all_there_and_small(tmp_path):
    views = "views: [plain, hflip, vflip], inner_folds: 7, rounds: 2"
    models = [
        model(repair(views), LINEAR),
        "b: {stages: [{kind: repair, scores: a, action: drop}, {kind: train}]}",
    ]
    tiny = load(tmp_path, *models, smoke=True)
    stage = tiny.models["a"].stages[0]
    assert (stage.inner_folds, len(stage.views), stage.rounds) == (2, 2, 2)
    assert tiny.models["b"].stages[0].scores == "a"
    (tmp_path / "again.yaml").write_text(dump(tiny))
    assert Recipe.load(str(tmp_path / "again.yaml")) == tiny
