"""Parts and keys that do not go together are refused when the recipe is read."""

import pytest

from thresher.errors import RecipeError
from thresher.recipe.schema import Recipe

TRAIN = "{kind: train}"


def load(tmp_path, *models):
    path = tmp_path / "mine.yaml"
    path.write_text("models:\n" + "".join(f"  {model}\n" for model in models))
    return Recipe.load(str(path))


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("a: {head: mlp}", "mlp"),
        ("a: {head: cosine}", "linear stage"),
        ("a: {normalise: dataset}", "normalise"),
        ("a: {unknown: true}", "unknown"),
        ("a: {pooling: gem}", "gem"),
        ("a: {tiles: mean}", "tiles"),
        ("a: {stages: [{kind: train, loss: arcface}]}", "cosine"),
        ("a: {stages: [{kind: train, loss: triplet, mixing: mixup}]}", "one class per photo"),
        ("a: {stages: [{kind: train, loss: triplet, layers: head}, {kind: train}]}", "backbone"),
        ("a: {stages: [{kind: train, loss: distillation}]}", "teacher"),
        ("a: {stages: [{kind: train}, {kind: train, loss: triplet}]}", "does not train the head"),
        ("a: {stages: [{kind: train, schedule: plateau}]}", "select"),
        ("a: {stages: []}", "starts_from"),
        ("a: {stages: [{kind: train, layers: head, layer_decay: 0.7}]}", "layer_decay"),
        ("a: {stages: [{kind: train, class_weight_beta: 0.9}]}", "class_weight"),
        ("a: {stages: [{kind: train, select: {on: fold, share: 0.2}}]}", "share"),
        ("a: {final: all, stages: [{kind: train, select: {on: fold}}]}", "inner"),
    ],
)
def test_what_does_not_go_together(tmp_path, model, said):
    with pytest.raises(RecipeError) as caught:
        load(tmp_path, model)
    assert said in str(caught.value)
    assert "mine.yaml:2" in str(caught.value)


@pytest.mark.parametrize(
    ("models", "said"),
    [
        ((f"a: {{stages: [{TRAIN}]}}", f"b: {{starts_from: c, stages: [{TRAIN}]}}"), "no model is named 'c'"),
        (
            (f"a: {{starts_from: b, stages: [{TRAIN}]}}", f"b: {{starts_from: a, stages: [{TRAIN}]}}"),
            "each other",
        ),
        ((f"a: {{starts_from: a, stages: [{TRAIN}]}}",), "each other"),
        (("a: {}", f"b: {{starts_from: a, backbone: resnet18, stages: [{TRAIN}]}}"), "another backbone"),
        (("a: {}", f"b: {{starts_from: a, head: mlp, stages: [{TRAIN}]}}"), "new_head"),
        (("a: {}", f"b: {{starts_from: a, seeds: [0, 1], stages: [{TRAIN}]}}"), "seeds [1]"),
        (("a: {}", f"b: {{starts_from: a, weights: hub, stages: [{TRAIN}]}}"), "weights"),
        (("a: {}", "b: {starts_from: a}"), "linear stage"),
    ],
)
def test_where_a_model_may_start(tmp_path, models, said):
    with pytest.raises(RecipeError) as caught:
        load(tmp_path, *models)
    assert said in str(caught.value)
    assert "mine.yaml" in str(caught.value)


def test_what_goes_together(tmp_path):
    recipe = load(
        tmp_path,
        "a: {stages: [{kind: train, layers: head}, {kind: train, layers: 2, mixing: cutmix}]}",
        "b: {starts_from: a, head: cosine, stages: [{kind: train, new_head: true, loss: arcface}]}",
        "c: {starts_from: b, head: cosine, final: all, stages: [{kind: train, select: {patience: 2}}]}",
        "d: {head: multi_dropout}",
    )
    assert recipe.models["c"].stages[0].select.on == "inner"
    assert recipe.models["a"].stages[1].layers == 2
