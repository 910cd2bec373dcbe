"""Variants of a recipe: which keys, which values, which names, which errors."""

import pytest

from thresher.errors import RecipeError
from thresher.recipe.loader import load
from thresher.recipe.variants import make_variants, shown

TWO = """\
models:
  a.1:
    stages:
      - {kind: linear}
      - {kind: train, mixing: cutmix}
      - {kind: train, epochs: 2}
  frozen: {}
"""


@pytest.fixture
def two(tmp_path):
    path = tmp_path / "two.yaml"
    path.write_text(TWO)
    return path


def test_every_train_stage_and_nothing_else_is_set(two):
    variants = make_variants(two, ["stages.*.mixing=[none, {name: mixup, alpha: 0.3}]"])
    assert [one.name for one in variants] == ["mixing=none", "mixing=mixup(alpha=0.3)"]
    for variant, name in zip(variants, ("none", "mixup"), strict=True):
        stages = variant.recipe.models["a.1"].stages
        assert [stage.mixing["name"] for stage in stages[1:]] == [name, name]
        assert variant.recipe.models["frozen"] == load(two).models["frozen"]
    # The same as writing the keys out.
    keys = [f"models.a.1.stages.{n}.mixing={{name: mixup, alpha: 0.3}}" for n in (1, 2)]
    assert variants[1].recipe == load(two, keys)


def test_one_change_at_a_time_from_the_first_values(two):
    variants = make_variants(
        two, ["stages.*.optimizer.lr=[1e-3, 3e-4, 1e-4]", "views=[[plain], [plain, hflip]]"], ["seed=7"]
    )
    assert [one.name for one in variants] == ["baseline", "lr=0.0003", "lr=0.0001", "views=plain+hflip"]
    assert [one.settings for one in variants][3] == {"lr": "0.001", "views": "plain+hflip"}
    for one in variants:
        assert one.recipe.seed == 7
        rates = {stage.optimizer["lr"] for stage in one.recipe.models["a.1"].stages if stage.kind == "train"}
        assert rates == {float(one.settings["lr"])}
        assert len(one.recipe.models["frozen"].views) == len(one.settings["views"].split("+"))


def test_a_grid_has_every_combination(two):
    variants = make_variants(two, ["image_size=[32, 64]", "stages.*.epochs=[1, 2, 3]"], grid=True)
    found = [
        (one.recipe.models["frozen"].image_size, one.recipe.models["a.1"].stages[1].epochs)
        for one in variants
    ]
    assert found == [(size, epochs) for size in (32, 64) for epochs in (1, 2, 3)]
    assert variants[4].name == "image_size=64 epochs=2"
    assert variants[4].folder == "image_size=64-epochs=2"


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("models.a.1.image_size", ("a.1",)),
        ("a.1.image_size", ("a.1",)),
        ("image_size", ("a.1", "frozen")),
        ("models.*.image_size", ("a.1", "frozen")),
        ("frozen.image_size", ("frozen",)),
    ],
)
def test_models_need_not_be_named(two, key, path):
    changed = make_variants(two, [f"{key}=[224, 96]"])[1].recipe
    assert tuple(name for name, model in changed.models.items() if model.image_size == 96) == path


def test_keys_of_the_recipe_itself(two):
    assert [one.recipe.seed for one in make_variants(two, ["seed=[3, 4]"])] == [3, 4]
    assert make_variants(two, ["folds.n=[3, 4]"])[1].recipe.folds["n"] == 4


def test_keys_that_end_alike_are_told_apart(two):
    variants = make_variants(two, ["views=[[plain], [hflip]]", "stages.*.views=[[plain], [hflip]]"])
    assert [one.name for one in variants] == ["baseline", "views=hflip", "stages.views=hflip"]


def test_folders_are_plain_and_differ(two):
    folders = [one.folder for one in make_variants(two, ["weights=[auto, a/b, 'a b', 'a?b', '../x']"])]
    assert folders == ["weights=auto", "weights=a-b", "weights=a-b-2", "weights=a-b-3", "weights=..-x"]


def test_values_in_words():
    assert [
        shown(one) for one in (None, True, 0.1, "a", [{"name": "plain", "scale": 2}, "hflip"], {"t": [1, 2]})
    ] == [
        "null",
        "true",
        "0.1",
        "a",
        "plain(scale=2)+hflip",
        "t=1+2",
    ]


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ([], "name what to vary"),
        (["stages.*.mixin=[none, cutmix]"], "has 'mixin' there; did you mean 'mixing'"),
        (["stage.*.mixing=[none, cutmix]"], "has 'stage' there; did you mean 'stages'"),
        (["stages.*.optimizer.momentum=[0, 1]"], "has 'momentum' there; there are: beta1"),
        (["stages.5.epochs=[1, 2]"], "has '5' there"),
        (["stages.*.mixing=cutmix"], "write a key and a list of values"),
        (["stages.*.mixing=[cutmix]"], "write a key and a list of values"),
        (["stages.*.mixing"], "write a key and a list of values"),
        (["stages.*.mixing=[cutmix, cutmix]"], "a value stands twice"),
        (["stages.*.mixing=[none, cutmix"], "not valid YAML"),
        (["stages.*.mixing=[none, cutmi]"], r"(?s)variant mixing=cutmi is no recipe:.*did you mean 'cutmix'"),
        (["seed=[1, 2]", "seed=[3, 4]"], "the same key twice: seed, seed"),
    ],
)
def test_what_a_user_can_put_right(two, over, message):
    with pytest.raises(RecipeError, match=message):
        make_variants(two, over)
