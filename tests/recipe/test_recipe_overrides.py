"""Keys set on the command line."""

# ruff: noqa: E501  (messages are written out)

import pytest

from thresher.errors import RecipeError
from thresher.recipe.loader import load

SHARED = {"near_duplicates": True, "report_leak": False}
"""What every rule of folds has."""


def test_values_are_yaml():
    recipe = load(
        "quick",
        ["seed=7", "data.group=person", "data.classes=[a, b]", "models.lite0.seeds=[1,2]", "data.limit=null"],
    )
    assert (recipe.seed, recipe.data.group, recipe.data.classes) == (7, "person", ("a", "b"))
    assert recipe.models["lite0"].seeds == (1, 2)
    assert recipe.data.limit is None


def test_a_value_may_hold_an_equals_sign():
    assert load("quick", ["description=a=b"]).description == "a=b"


def test_a_star_stands_for_every_model_and_every_item(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text("models: {a: {}, b: {stages: [{kind: train}, {kind: train}]}}\n")
    recipe = load(path, ["models.*.image_size=160", "models.b.stages.*.epochs=2"])
    assert [model.image_size for model in recipe.models.values()] == [160, 160]
    assert [stage.epochs for stage in recipe.models["b"].stages] == [2, 2]


def test_defaults_that_are_not_written_can_be_changed_inside(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text("models: {a: {}, b: {stages: [{kind: train}]}}\n")
    recipe = load(
        path,
        [
            "models.a.stages.0.inner_folds=5",
            "models.a.views.1.scale=2",
            "folds.n=3",
            "models.b.stages.0.loss.smoothing=0.2",
        ],
    )
    assert recipe.models["a"].stages[0].inner_folds == 5
    assert recipe.models["a"].views[0]["scale"] == 1
    assert recipe.models["a"].views[1] == {"name": "hflip", "scale": 2.0, "fit": None, "weight": 1.0}
    assert recipe.folds == {**SHARED, "name": "stratified", "n": 3}
    assert recipe.models["b"].stages[0].loss["smoothing"] == 0.2


def test_another_part_by_name_drops_the_settings_of_the_old_one():
    recipe = load("quick", ["folds.name=given", "folds.file=f.csv"])
    assert recipe.folds == {**SHARED, "name": "given", "file": "f.csv"}
    assert load("quick", ["folds.n=4", "folds.name=stratified"]).folds["n"] == 4


def test_models_are_added_and_removed():
    recipe = load("quick", ["models.tiny={image_size: 32}", "models.lite0=null"])
    assert {name: model.image_size for name, model in recipe.models.items()} == {"tiny": 32}


def test_a_model_with_a_dot_in_its_name(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text("models: {lite0: {}, lite0.v1: {}}\n")
    recipe = load(path, ["models.lite0.v1.image_size=64"])
    assert [model.image_size for model in recipe.models.values()] == [224, 64]


def test_the_last_override_of_a_key_wins():
    assert load("quick", ["seed=1", "seed=2"]).seed == 2


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("nonsense", "write key=value, such as models.lite0.image_size=160"),
        ("=3", "write key=value, such as models.lite0.image_size=160"),
        ("image_size=160", "unknown key here; did you mean 'models.*.image_size'?"),
        ("models.lite0.imagesize=160", "unknown key; did you mean 'image_size'?"),
        ("models.lite1.image_size=160", "models has no 'lite1'; did you mean 'lite0'?"),
        ("models.lite1=3", "models has no 'lite1'; did you mean 'lite0'?"),
        ("models.lite7=null", "there is no such model to remove; did you mean 'lite0'?"),
        ("modelz.lite0.image_size=160", "the recipe has no 'modelz'; did you mean 'models'?"),
        ("models.lite0.stages.3.inner_folds=2", "models.lite0.stages has no item '3'; it has 1, counted from 0"),
        ("models.lite0.stages.first.inner_folds=2", "models.lite0.stages has no item 'first'; it has 1, counted from 0"),
        ("models.lite0.stages.0.epochs=2", "unknown key here; it belongs to a stage of kind 'train'"),
        ("seed.x=3", "seed is a single value: it has no 'x' inside"),
        ("data.*=3", "* stands for a name of your own or a number, not for a key of data"),
        ("folds.m=3", "folds 'stratified' has no setting 'm'; there are: n"),
        ("data.limit=x", "must be a whole number; it is 'x'"),
        ("seed=", "must be a whole number; it is empty"),
        ("data.limit=[", "not valid YAML: "),
        ("data={limit: 3, limit: 4}", "data.limit: the key stands twice"),
    ],
)  # fmt: skip
def test_an_override_that_makes_no_sense(override, says):
    with pytest.raises(RecipeError) as caught:
        load("quick", [override])
    text = str(caught.value)
    assert text.count("\n") == 0
    assert text.startswith(f"--set {override}: ")
    assert says in text


def test_a_wrong_value_for_every_model_names_each(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text("models: {a: {}, b: {}}\n")
    with pytest.raises(RecipeError) as caught:
        load(path, ["models.*.image_size=8"])
    assert str(caught.value).splitlines() == [
        "--set models.*.image_size=8: models.a.image_size: must be at least 16, not 8",
        "--set models.*.image_size=8: models.b.image_size: must be at least 16, not 8",
    ]
