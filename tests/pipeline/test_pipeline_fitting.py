"""Recipes made small enough for a time: what is changed, in which order, and how it is kept."""

from types import SimpleNamespace

import pytest
from fitting_kit import LITE, Machine, bundled, check_changes, fitted, work

from thresher.dataset.open import open_dataset
from thresher.pipeline.fitting.fit import Fitted, fit_here
from thresher.pipeline.fitting.kept import keep, recall
from thresher.pipeline.fitting.weights import at_hand, replaced
from thresher.recipe.loader import load
from thresher.recipe.presets import list_presets
from thresher.recipe.schema import Recipe
from thresher.recipe.sources import without_source
from thresher.run_folder import RunFolder


def test_a_recipe_that_fits_is_left_as_it_is(many):
    recipe = load("standard")
    found = fitted(recipe, many, 1000)
    assert (found.changes, found.recipe, found.fits) == ((), recipe, True)


def test_it_fits_and_more_time_never_gives_less(big, many):
    last = 0
    for minutes in (3, 12, 60, 1000):
        found = fitted(big, many, minutes)
        assert found.forecast.whole <= 60 * minutes
        check_changes(big, found)
        assert work(found.recipe) >= last
        last = work(found.recipe)
        for name, model in found.recipe.models.items():
            # Every step of the recipe is still there.
            assert model.backbone.startswith(LITE)
            train = model.stages[-1]
            asked = big.models[name].stages[-1]
            assert train.loss["name"] == asked.loss["name"]
            if train.epochs > 8:
                assert (train.loss, train.mixing) == (asked.loss, asked.mixing)
            else:
                assert (train.loss["smoothing"], train.mixing["name"]) == (0, "none")
            assert (train.optimizer["name"], train.averaging["name"]) == ("sam", "swa")
            assert train.averaging["start"] <= train.epochs
        assert found.recipe.ensemble["name"] == "grouped"
        assert load_again(found.recipe) == found.recipe
    assert last > 20 * work(fitted(big, many, 3).recipe)


def load_again(recipe):
    return Recipe.model_validate(recipe.model_dump(mode="json"))


def test_a_slower_machine_gets_less(big, many):
    fast, slow = (fitted(big, many, 30, Machine(speed)) for speed in (0.5, 4))
    assert work(fast.recipe) > work(slow.recipe)
    assert slow.fits


def test_time_that_is_gone_counts(big, many):
    gone = fit_here(big, many, 30, Machine(), past=lambda: 1200.0, have=bundled)
    assert work(gone.recipe) < work(fitted(big, many, 30).recipe)
    assert 1200 < gone.forecast.whole <= 1800


def test_the_smallest_where_nothing_fits(big, many):
    found = fitted(big, many, 0.05)
    assert not found.fits
    assert len(found.recipe.models) == 1
    assert found.recipe.folds["n"] == 2
    [model] = found.recipe.models.values()
    assert (model.stages[-1].epochs, model.stages[-1].image_size or model.image_size) == (1, 64)
    check_changes(big, found)


def test_the_cheap_steps_come_first(big, many):
    """With hours, only sizes and weights change; the images are no larger than the photos."""
    whole = fitted(big, many, 100_000)
    assert {change.path[-1] for change in whole.changes} == {"backbone", "name"}
    assert [model.backbone[-1] for model in whole.recipe.models.values()] == ["0", "1", "2"]
    less = fitted(big, many, whole.forecast.whole / 60 * 0.9)
    assert [model.image_size for model in less.recipe.models.values()] == [224, 224, 224]
    assert {stage.epochs for model in less.recipe.models.values() for stage in model.stages} == {30}
    assert less.recipe.folds["n"] == 10


@pytest.mark.parametrize("name", ["s01", "s16", "s24"])
def test_recipes_of_systems(name, many):
    recipe = without_source(load(name))
    found = fitted(recipe, many, 8)
    assert found.fits
    check_changes(recipe, found)


@pytest.mark.slow
@pytest.mark.parametrize("name", [info.name for info in list_presets()])
def test_every_recipe_of_the_package(name, many):
    recipe = without_source(load(name))
    shares = [fitted(recipe, many, minutes) for minutes in (6, 60)]
    for found in shares:
        assert found.fits
        check_changes(recipe, found)
    assert work(shares[0].recipe) <= work(shares[1].recipe)


def test_weights(tmp_path, monkeypatch):
    """Models that start from each other keep one backbone; what is at hand stays."""
    path = tmp_path / "r.yaml"
    path.write_text(
        "models:\n"
        "  a: {backbone: resnet18, stages: [{kind: train}]}\n"
        "  b: {backbone: resnet18, starts_from: a, stages: [{kind: train}]}\n"
        "  c: {backbone: vit_base_patch16_224, stages: [{kind: train}]}\n"
        "  d: {backbone: tf_efficientnet_lite0}\n"
        f"  e: {{backbone: resnet50, weights: {path}, stages: [{{kind: train}}]}}\n"
        "  f: {backbone: resnet50, weights: none, stages: [{kind: train}]}\n"
    )
    recipe = load(path)
    monkeypatch.setattr("thresher.pipeline.fitting.weights.hub_answers", lambda: False)
    assert {name: at_hand(model) for name, model in recipe.models.items()} == {
        "a": False,
        "b": True,
        "c": False,
        "d": True,
        "e": True,
        "f": True,
    }
    made = Recipe.model_validate(replaced(recipe)).models
    assert made["c"].backbone == f"{LITE}2"
    assert made["a"].backbone == made["b"].backbone == f"{LITE}1"
    assert [made[name].backbone for name in "def"] == [f"{LITE}0", "resnet50", "resnet50"]
    small = replaced(recipe, small=True)["models"]
    assert small["c"]["backbone"] == f"{LITE}1"  # lite0 is taken


def test_what_was_fitted_is_kept(big, many, tmp_path):
    run = RunFolder(tmp_path)
    assert recall(run, big, 8, len(many)) == (None, None)
    found = fitted(big, many, 8)
    keep(run, big, found, len(many))
    known, why_not = recall(run, big, 8, len(many))
    assert why_not is None
    assert isinstance(known, Fitted)
    assert (known.recipe, known.changes, known.minutes) == (found.recipe, found.changes, 8)
    assert known.forecast.whole == pytest.approx(found.forecast.whole)
    for asked, minutes, photos, words in (
        (big, 9, len(many), "8 minutes then, 9 now"),
        (load("quick"), 8, len(many), "the recipe is another"),
        (big, 8, 7, "1,200 photos then, 7 now"),
    ):
        none, why_not = recall(run, asked, minutes, photos)
        assert none is None
        assert words in why_not


def test_a_fitted_run_goes_on_with_the_same_recipe(photos, small, tmp_path, monkeypatch):
    """Measured for real, run to its end; called again, nothing is measured."""
    from thresher.pipeline.fitting import command
    from thresher.pipeline.run import run
    from thresher.progress import Progress

    recipe = load(small, ["models.tuned.stages.1.epochs=100000", "models.frozen=null", "training.jobs=1"])
    dataset = open_dataset(photos / "train", None, photos / "test", recipe.data)
    given = (recipe, dataset, 0.6, tmp_path / "run")
    found, known = command.fit_in_folder(*given, False, Progress())
    assert not known
    assert found.recipe.models["tuned"].stages[1].epochs < 100000
    done = run(dataset, found.recipe, tmp_path / "run")
    assert load(done.recipe).models["tuned"].stages[1].epochs == found.recipe.models["tuned"].stages[1].epochs

    def measured(*_):
        raise AssertionError("measured again")

    monkeypatch.setattr(command, "Speed", measured)
    again, known = command.fit_in_folder(*given, False, Progress())
    assert known
    assert again.recipe == found.recipe
    with pytest.raises(AssertionError, match="measured again"):
        command.fit_in_folder(recipe, dataset, 0.7, tmp_path / "run", False, Progress())


def test_one_process_only(many, big, tmp_path, monkeypatch):
    from thresher.errors import RecipeError
    from thresher.pipeline.fitting.command import fit_in_folder

    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(RecipeError, match="one process"):
        fit_in_folder(big, many, 5, tmp_path / "run", False, SimpleNamespace(begun=None))


@pytest.mark.parametrize("minutes", [3, 12, 30, 60])
def test_no_step_is_left_that_there_was_time_to_do_without(big, many, minutes):
    """The time is not left unused for a step that came before a larger one: each alone would be too much."""
    found = fitted(big, many, minutes)
    assert found.fits
    more = fitted(big, many, minutes * 1.6)
    assert found.forecast.whole > 0.5 * 60 * minutes
    assert more.forecast.whole > found.forecast.whole
