"""Recipes made small enough for a time: what is changed, in which order, and how it is told and kept."""

from types import SimpleNamespace

import numpy as np
import pytest

from thresher.dataset.open import open_dataset
from thresher.pipeline.expected import Forecast, makespan
from thresher.pipeline.fitting.changes import Change, differences, joined, replay, shown
from thresher.pipeline.fitting.epochs import at_most, shortened
from thresher.pipeline.fitting.fit import Fitted, fit_here
from thresher.pipeline.fitting.kept import keep, recall
from thresher.pipeline.fitting.rungs import begin_linear, least_valuable, merge_equal
from thresher.pipeline.fitting.speed import Photos
from thresher.pipeline.fitting.trees import drop_model, few_views
from thresher.pipeline.fitting.weights import at_hand, replaced
from thresher.recipe.loader import load
from thresher.recipe.presets import list_presets
from thresher.recipe.schema import Recipe
from thresher.recipe.sources import without_source
from thresher.run_folder import RunFolder
from thresher.training.harness import Harness

LITE = "tf_efficientnet_lite"
BIG = """\
folds: {name: stratified, n: 10}
models:
  b4: &b4
    backbone: efficientnet_b4
    image_size: 512
    seeds: [0, 1]
    stages:
      - &train
        kind: train
        epochs: 30
        batch_size: 16
        optimizer: {name: sam, inner: {name: adam, lr: 0.001}}
        loss: {name: cross_entropy, smoothing: 0.2}
        mixing: cutmix
        averaging: {name: swa, start: 20}
    views: [plain, hflip, vflip, transpose, rot90]
  resnext:
    <<: *b4
    backbone: resnext50_32x4d
  vit:
    <<: *b4
    backbone: vit_base_patch16_384
    image_size: 384
ensemble: {name: grouped, groups: {cnn: [b4, resnext]}, then: {name: weighted, weights: {cnn: 2, vit: 1}}}
"""


class Machine:
    """Rates that are made up: in proportion to the pixels, and to the backbone's size."""

    photos = Photos(227, 0.001, ())
    harness = Harness(cpu=True)
    took = 2.0
    cost = {"0": 1.0, "1": 1.6, "2": 2.3}  # noqa: RUF012

    def __init__(self, slow=1.0):
        self.slow = slow

    def _work(self, recipe, name, size):
        return self.slow * self.cost.get(recipe.models[name].backbone[-1], 3.0) * (size / 224) ** 2

    def score(self, recipe, name, size):
        return 0.004 * self._work(recipe, name, size or recipe.models[name].image_size)

    def step(self, recipe, name, number):
        stage = recipe.models[name].stages[number]
        twice = 2 if stage.optimizer["name"] == "sam" else 1
        return 0.07 * twice * self._work(recipe, name, stage.image_size or recipe.models[name].image_size)

    def view(self, recipe, name, number):
        return 0.0005

    def width(self, section):
        return 1280


def bundled(section):
    return section.weights == "none" or section.backbone.startswith(LITE)


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A thousand photos that are named but not there: nothing is read of them."""
    import pandas as pd

    from thresher.dataset.table import Dataset

    count = 1200
    table = pd.DataFrame({"image_id": [f"{n}.jpg" for n in range(count)], "label": list("abcd") * 300})
    folder = tmp_path_factory.mktemp("none")
    (folder / "0.jpg").touch()
    return Dataset.from_table(table, folder)


@pytest.fixture
def big(tmp_path):
    path = tmp_path / "big.yaml"
    path.write_text(BIG)
    return load(path)


def fitted(recipe, dataset, minutes, machine=None):
    return fit_here(recipe, dataset, minutes, machine or Machine(), have=bundled)


def work(recipe):
    """Epochs times pixels, of all models and seeds."""
    return sum(
        len(model.seeds) * stage.epochs * (stage.image_size or model.image_size) ** 2
        for model in recipe.models.values()
        for stage in model.stages
        if stage.kind == "train"
    )


def leaves(tree, path=()):
    """Every scalar of a dumped recipe by its path."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else None
    if items is None:
        return {path: tree}
    return {path: type(tree).__name__} | {
        key: value for name, inner in items for key, value in leaves(inner, (*path, name)).items()
    }


def check_changes(before, found):
    """The changes tell of exactly the keys that differ, and lead from one recipe to the other."""
    one, other = before.model_dump(mode="json"), found.recipe.model_dump(mode="json")
    assert replay(one, found.changes) == other
    paths = [change.path for change in found.changes]
    assert len(set(paths)) == len(paths)
    mine, theirs = leaves(one), leaves(other)
    differ = {path for path in mine.keys() | theirs.keys() if mine.get(path, ...) != theirs.get(path, ...)}
    for path in differ:
        assert any(path[: len(told)] == told for told in paths), path
    for told in paths:
        # A list that grew is one change; what changed inside of it afterwards is told as well.
        assert any(path[: len(told)] == told for path in differ), told
    assert all(change.why for change in found.changes)


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
            assert (train.loss, train.mixing) == (asked.loss, asked.mixing)
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
    shares = [fitted(recipe, many, minutes) for minutes in (5, 60)]
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


def test_epochs_and_what_is_counted_in_them():
    schedule = {
        "name": "multi_step",
        "milestones": [10, 20],
        "gamma": 0.1,
        "warmup": 0.0,
        "warmup_start": None,
    }
    stage = dump_stage(epochs=30, schedule=schedule, averaging={"name": "swa", "start": 20})
    short = shortened(stage, 0.5, last=True)
    assert (short["epochs"], short["schedule"]["milestones"], short["averaging"]["start"]) == (
        15,
        [5, 10],
        10,
    )
    # A soup of five epochs that are to be averaged shrinks as well; three snapshots need three epochs.
    snapshots = dump_stage(epochs=12, averaging={"name": "snapshot", "every": 4, "last": 3})
    assert shortened(snapshots, 1 / 12, last=True)["epochs"] >= 3
    phases = {"name": "phases", "ops": ["strong", "light", "none"]}
    assert shortened(dump_stage(epochs=12, augment=phases), 1 / 12, last=True)["epochs"] == 3
    two = {"models": {"m": {"stages": [dump_stage(epochs=9), dump_stage(epochs=3)]}}}
    assert [one["epochs"] for one in at_most(two, 4)["models"]["m"]["stages"]] == [3, 1]


def dump_stage(**keys):
    model = {"backbone": f"{LITE}0", "stages": [{"kind": "train", **keys}]}
    return Recipe.model_validate({"models": {"m": model}}).model_dump(mode="json")["models"]["m"]["stages"][0]


def test_a_linear_stage_first_and_gentle_rates(big):
    tree = big.model_dump(mode="json")
    tree["models"]["vit"]["stages"][0]["optimizer"]["inner"]["lr"] = 1e-5
    begin_linear(tree, labelled=900)
    stages = tree["models"]["b4"]["stages"]
    assert [stage["kind"] for stage in stages] == ["linear", "train"]
    assert stages[1]["optimizer"]["inner"]["lr"] == pytest.approx(3e-4 * 16 / 32)
    assert stages[1]["body_lr"] == pytest.approx(0.1 * 1e-3 / 1.5e-4)  # the body's rate is what it was
    assert stages[1]["batch_norm"] == "frozen"
    assert tree["models"]["vit"]["stages"][1]["optimizer"]["inner"]["lr"] == 1e-5
    Recipe.model_validate(tree)
    many = big.model_dump(mode="json")
    begin_linear(many, labelled=90_000)
    assert many["models"]["b4"]["stages"][1]["batch_norm"] == "train"


def test_what_saves_no_time_is_not_done(big, many):
    """On a machine whose steps take the same whatever the photos' size, the size stays."""

    class Flat(Machine):
        def _work(self, recipe, name, size):
            return 1.0

    found = fitted(big, many, 6, Flat())
    assert found.fits
    [model] = found.recipe.models.values()
    assert (model.image_size, model.stages[-1].image_size) == (224, None)
    check_changes(big, found)


def test_equal_models_become_seeds(big):
    tree = big.model_dump(mode="json")
    for name in ("b4", "resnext"):
        tree["models"][name]["backbone"] = f"{LITE}0"
    merge_equal(tree)
    assert list(tree["models"]) == ["b4", "vit"]
    assert tree["models"]["b4"]["seeds"] == [0, 1, 2, 3]
    assert tree["ensemble"]["groups"] == {"cnn": ["b4"]}
    Recipe.model_validate(tree)


def test_a_model_that_is_gone_is_gone_from_the_ensemble(big):
    tree = big.model_dump(mode="json")
    assert least_valuable(tree) in tree["models"]
    drop_model(tree, "resnext")
    drop_model(tree, "b4")
    assert tree["ensemble"]["groups"] == {}
    assert tree["ensemble"]["then"]["weights"] == {"vit": 1}
    Recipe.model_validate(tree)


def test_few_views(big):
    asked = big.model_dump(mode="json")["models"]["b4"]["views"]
    assert few_views(asked, 2) == asked[:2]
    assert few_views([{**asked[0], "weight": 3.0}, asked[1]], 1) == asked[:1]
    eight = load("quick", ["models.lite0.views=[dihedral]"]).model_dump(mode="json")["models"]["lite0"][
        "views"
    ]
    assert few_views(eight, 8) == eight
    assert few_views(eight, 4) == ["plain", "hflip"]


def test_changes_that_follow_each_other_are_told_once():
    first = {"models": {"a": {"stages": [1], "seeds": [0]}, "b": {"x": 1}}, "n": 3}
    second = {"models": {"a": {"stages": [1, 2], "seeds": [0]}, "b": {"x": 2}}, "n": 2}
    third = {"models": {"a": {"stages": [1, 3], "seeds": [0]}}, "n": 1}
    told = joined([(first, second, "one"), (second, third, "two")])
    by_key = {change.key: change for change in told}
    assert by_key["n"] == Change(("n",), 3, 1, "one; two")
    assert by_key["models.a.stages"].after == [1, 3]
    assert by_key["models.b"] == Change(("models", "b"), {"x": 1}, None, "two")
    assert replay(first, told) == third
    assert list(differences(first, first)) == []
    back = joined([(first, second, "one"), (second, first, "two")])
    assert back == []


def test_values_in_few_words():
    assert shown([{"name": "plain"}, {"name": "hflip"}]) == "plain, hflip"
    assert shown({"backbone": "b", "weights": "auto"}) == "b"
    assert (shown(None), shown(0.0003), shown([{"kind": "linear"}])) == ("-", "0.0003", "linear")


def test_the_last_job_leaves_cores_idle():
    """Against a loop in which time goes on by small steps."""
    random = np.random.default_rng(0)
    for count, at_a_time in ((5, 2), (7, 3), (1, 4), (6, 1)):
        lengths = random.integers(1, 30, count)
        waiting, running, clock = list(lengths), [], 0
        while waiting or running:
            while waiting and len(running) < at_a_time:
                running.append(waiting.pop(0))
            running = [left - 1 for left in running if left > 1]
            clock += 1
        found = makespan([{"training": float(one), "rest": 0.0} for one in lengths], at_a_time)
        assert sum(found.values()) == pytest.approx(clock)
    mixed = makespan([{"training": 6.0, "scoring": 3.0}], 2)
    assert (mixed["training"], mixed["scoring"]) == (pytest.approx(6), pytest.approx(3))


def test_the_whole_command_is_forecast():
    found = Forecast({"features": 30.0, "training": 60.0}, past=12.0)
    assert (found.total, found.whole) == (90, 102)
    assert (
        found.sentence() == "forecast: about 1 min 42 s (features 30 s, training 1 min 0 s, until now 12 s)"
    )


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
