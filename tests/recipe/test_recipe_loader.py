"""Inheritance, names and the round trip through YAML."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from thresher.errors import RecipeError
from thresher.recipe.loader import dump, load
from thresher.recipe.presets import list_presets
from thresher.recipe.schema import Recipe

SHARED = {"near_duplicates": True, "report_leak": False}
"""What every rule of folds has."""

PRESETS = [info.name for info in list_presets()]


def write(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_three_recipes_are_there():
    assert PRESETS[:3] == ["quick", "standard", "strong"]
    assert all(info.description and info.path.is_file() for info in list_presets())


def test_quick_is_the_default_and_keeps_the_schema_outside_its_model():
    quick = load("quick")
    plain = Recipe.model_validate({"name": "quick", "models": {"lite0": {}}})
    assert quick.model_copy(update={"description": "", "models": plain.models}) == plain
    assert load() == quick == Recipe.load("quick")


@pytest.mark.parametrize("name", PRESETS)
def test_a_dump_is_read_back_as_an_equal_recipe(name, tmp_path):
    recipe = load(name)
    again = load(write(tmp_path, "recipe.yaml", dump(recipe)))
    assert again == recipe
    assert dump(again) == dump(recipe)


def test_a_dump_keeps_the_order_of_the_schema_and_says_everything():
    top = yaml.safe_load(dump(load("standard")))
    assert list(top) == list(Recipe.model_fields)
    model = top["models"]["lite0"]
    assert list(model)[:4] == ["backbone", "weights", "starts_from", "image_size"]
    assert model["stages"][0]["inner_folds"] == 3


@settings(max_examples=60, deadline=None)
@given(
    words=st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"])), min_size=2, max_size=4),
    number=st.floats(min_value=1e-30, max_value=1e6),
)
def test_any_text_and_number_survive_the_round_trip(words, number, tmp_path_factory):
    recipe = load("quick")
    data = recipe.data.model_copy(update={"classes": tuple(words), "group": words[0]})
    images = recipe.images.model_copy(update={"max_megapixels": number})
    recipe = recipe.model_copy(update={"data": data, "images": images})
    path = write(tmp_path_factory.mktemp("recipe"), "r.yaml", dump(recipe))
    assert load(path) == recipe
    # YAML 1.1 readers, other tools among them, must see the same words.
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["data"]["classes"] == words


@pytest.mark.parametrize(
    "word", ["on", "no", "yes", "null", "~", "true", "010", "1_000", "1:30", "1e-4", "2024-01-01", ""]
)
def test_words_that_yaml_might_take_for_something_else(word, tmp_path):
    recipe = load("quick")
    recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update={"classes": (word, "b")})})
    path = write(tmp_path, "r.yaml", dump(recipe))
    assert load(path) == recipe
    assert yaml.safe_load(path.read_text())["data"]["classes"] == [word, "b"]


def test_a_file_inherits_from_a_recipe_of_the_package(tmp_path):
    mine = write(tmp_path, "mine.yaml", "base: quick\nmodels: {lite0: {image_size: 160}}\n")
    recipe, quick = load(mine), load("quick")
    assert recipe.models["lite0"].image_size == 160
    assert recipe.models["lite0"].stages == quick.models["lite0"].stages
    assert (recipe.name, recipe.description) == ("mine", "")


def test_a_base_file_is_looked_up_beside_the_file_that_names_it(tmp_path, monkeypatch):
    (tmp_path / "deep").mkdir()
    write(tmp_path, "below.yaml", "models: {a: {image_size: 96}, b: {image_size: 64}}\n")
    top = write(
        tmp_path / "deep", "top.yaml", "base: ../below.yaml\nmodels: {b: null, c: {image_size: 32}}\n"
    )
    monkeypatch.chdir("/")
    recipe = load(top)
    assert {name: model.image_size for name, model in recipe.models.items()} == {"a": 96, "c": 32}


def test_lists_are_replaced_and_mappings_merged(tmp_path):
    write(
        tmp_path,
        "one.yaml",
        "models: {a: {seeds: [0, 1, 2], image_size: 96}}\ndata: {label: kind, group: person}\n",
    )
    two = write(tmp_path, "two.yaml", "base: one.yaml\nmodels: {a: {seeds: [7]}}\ndata: {group: null}\n")
    recipe = load(two)
    assert recipe.models["a"].seeds == (7,)
    assert recipe.models["a"].image_size == 96
    assert (recipe.data.label, recipe.data.group) == ("kind", None)


def test_another_part_does_not_inherit_the_settings_of_the_one_below(tmp_path):
    write(tmp_path, "one.yaml", "models: {a: {}}\nfolds: {name: stratified, n: 7}\n")
    keep = write(tmp_path, "keep.yaml", "base: one.yaml\nfolds: {name: stratified}\n")
    other = write(tmp_path, "other.yaml", "base: one.yaml\nfolds: {name: given, file: f.csv}\n")
    assert load(keep).folds == {**SHARED, "name": "stratified", "n": 7}
    assert load(other).folds == {**SHARED, "name": "given", "file": "f.csv"}


def test_anchors_and_merge_keys_work(tmp_path):
    path = write(
        tmp_path,
        "r.yaml",
        "models:\n  a: &a {image_size: 96, seeds: [1]}\n  b: {<<: *a, seeds: [2]}\n  c: *a\n",
    )
    models = load(path).models
    assert [model.image_size for model in models.values()] == [96, 96, 96]
    assert [model.seeds for model in models.values()] == [(1,), (2,), (1,)]


def test_numbers_follow_yaml_1_2(tmp_path):
    recipe = load(
        write(tmp_path, "r.yaml", "seed: 010\nimages: {max_megapixels: 1e-3}\nmodels: {no: {}, 3: {}}\n")
    )
    assert recipe.seed == 10
    assert recipe.images.max_megapixels == 0.001
    assert list(recipe.models) == ["no", "3"]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("quik", "no recipe is named 'quik'; did you mean 'quick'?"),
        ("nowhere.yaml", "no such recipe file: nowhere.yaml"),
    ],
)
def test_a_recipe_that_is_not_there(asked, says):
    with pytest.raises(RecipeError) as caught:
        load(asked)
    assert str(caught.value) == says


def test_a_run_folder_is_no_recipe_but_holds_one(tmp_path):
    write(tmp_path, "recipe.yaml", dump(load("quick")))
    with pytest.raises(RecipeError, match=r"is a folder.*recipe\.yaml"):
        load(tmp_path)
    assert load(tmp_path / "recipe.yaml") == load("quick")


def test_a_missing_base_is_named_with_its_line(tmp_path):
    path = write(tmp_path, "r.yaml", "# mine\nbase: quik\n")
    with pytest.raises(RecipeError) as caught:
        load(path)
    assert str(caught.value) == f"{path}:2: base: no recipe is named 'quik'; did you mean 'quick'?"


def test_inheriting_in_a_circle(tmp_path):
    write(tmp_path, "a.yaml", "base: b.yaml\n")
    write(tmp_path, "b.yaml", "base: a.yaml\n")
    with pytest.raises(RecipeError, match=r"b\.yaml:1: base: .* circle: a\.yaml -> b\.yaml -> a\.yaml"):
        load(tmp_path / "a.yaml")
