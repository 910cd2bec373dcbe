"""The single ways to make a recipe smaller, what is told of them, and the arithmetic of time."""

import copy

import numpy as np
import pytest
from fitting_kit import LITE, Machine, check_changes, fitted, replay

from thresher.pipeline.expected import Forecast, makespan
from thresher.pipeline.fitting.changes import Change, differences, joined, shown
from thresher.pipeline.fitting.epochs import at_most, shortened
from thresher.pipeline.fitting.rungs import (
    begin_linear,
    least_valuable,
    merge_equal,
    plain_targets,
    quick_heads,
)
from thresher.pipeline.fitting.trees import drop_model, few_views
from thresher.recipe.loader import load
from thresher.recipe.schema import Recipe


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
    # Few epochs end at their lowest rate, not where one of them is no better than the last.
    select = {"metric": "log_loss", "keep": "best", "patience": 10}
    waits = [shortened(dump_stage(epochs=100, select=select), share, last=True) for share in (0.4, 0.04)]
    assert [(one["epochs"], one["select"]["patience"]) for one in waits] == [(40, 4), (4, None)]
    two = {"models": {"m": {"stages": [dump_stage(epochs=9), dump_stage(epochs=3)]}}}
    assert [one["epochs"] for one in at_most(two, 4)["models"]["m"]["stages"]] == [3, 1]


def dump_stage(**keys):
    model = {"backbone": f"{LITE}0", "stages": [{"kind": "train", **keys}]}
    return Recipe.model_validate({"models": {"m": model}}).model_dump(mode="json")["models"]["m"]["stages"][0]


def test_a_linear_stage_first_and_gentle_rates(big):
    tree = big.model_dump(mode="json")
    tree["models"]["vit"]["stages"][0]["optimizer"]["inner"]["lr"] = 1e-5
    tree["models"]["b4"]["stages"][0]["body_lr"] = 0.01
    tree["models"]["b4"]["stages"][0] |= {"averaging": {"name": "none"}, "schedule": {"name": "constant"}}
    begin_linear(tree, labelled=900)
    stages = tree["models"]["b4"]["stages"]
    assert [stage["kind"] for stage in stages] == ["linear", "train"]
    assert stages[1]["optimizer"]["inner"]["lr"] == pytest.approx(1e-4 * 16 / 32)
    assert stages[1]["body_lr"] == pytest.approx(0.01 * 1e-3 / 5e-5)  # the body's rate is what it was
    assert tree["models"]["resnext"]["stages"][1]["body_lr"] == 1.0  # or that of the head, if that is lower
    assert stages[1]["schedule"] == {"name": "cosine", "warmup": 0.1}
    assert stages[1]["averaging"] == {"name": "ema", "decay": 0.99}
    assert tree["models"]["resnext"]["stages"][1]["averaging"]["name"] == "swa"
    assert tree["models"]["resnext"]["stages"][1]["schedule"]["warmup"] == 0.1
    assert stages[1]["batch_norm"] == "frozen"
    assert tree["models"]["vit"]["stages"][1]["optimizer"]["inner"]["lr"] == 1e-5
    Recipe.model_validate(tree)
    many = big.model_dump(mode="json")
    begin_linear(many, labelled=90_000)
    assert many["models"]["b4"]["stages"][1]["batch_norm"] == "train"


def test_a_linear_stage_comes_after_the_repair_of_labels():
    tree = load("s02").model_dump(mode="json")
    begin_linear(tree, labelled=900)
    kinds = {name: [stage["kind"] for stage in model["stages"]] for name, model in tree["models"].items()}
    assert kinds == {"first": ["linear", "train"], "denoised": ["repair", "linear", "train"]}
    for model in tree["models"].values():
        assert model["stages"][-1]["optimizer"]["lr"] == pytest.approx(1e-4 * 8 / 32)
    Recipe.model_validate(tree)


def test_a_hidden_layer_of_a_head_gives_way_to_a_linear_stage():
    tree = load("s32").model_dump(mode="json")
    begin_linear(tree, labelled=900)
    for model in tree["models"].values():
        assert (model["head"], model["stages"][0]["kind"]) == ({"name": "linear"}, "linear")
    Recipe.model_validate(tree)
    # A model that others start from keeps its head, which they have, too.
    tree = load("s32").model_dump(mode="json")
    tree["models"]["b4"] |= {"starts_from": "xception", "backbone": "xception"}
    begin_linear(tree, labelled=900)
    assert tree["models"]["xception"]["head"]["name"] == "mlp"
    Recipe.model_validate(tree)


def test_few_epochs_are_of_whole_photos_with_hard_labels(big):
    tree = big.model_dump(mode="json")
    long = copy.deepcopy(tree)
    plain_targets(long)
    assert long == tree
    for model in tree["models"].values():
        model["stages"][0] |= {"epochs": 8, "averaging": {"name": "none"}}
    tree["models"]["b4"]["stages"][0]["loss"] = {
        "name": "combo",
        "terms": [{"name": "cross_entropy", "smoothing": 0.1}, "focal"],
    }
    plain_targets(tree)
    losses = [model["stages"][0]["loss"] for model in tree["models"].values()]
    assert losses[0]["terms"] == [{"name": "cross_entropy", "smoothing": 0.0}, "focal"]
    assert losses[1] | {"smoothing": 0.2} == big.models["resnext"].stages[0].loss
    assert {model["stages"][0]["mixing"]["name"] for model in tree["models"].values()} == {"none"}
    Recipe.model_validate(tree)


def test_a_head_that_begins_at_random_learns_faster_than_the_body():
    tree = load("s32", ["models.*.pooling=gem"]).model_dump(mode="json")  # which takes no linear stage
    begin_linear(tree, labelled=900)
    quick_heads(tree)
    for model in tree["models"].values():
        rates = [(stage["optimizer"]["lr"], stage["body_lr"]) for stage in model["stages"]]
        np.testing.assert_allclose(rates, [(1e-3, 0.1), (1e-5, 1.0), (1e-5, 1.0)])
    Recipe.model_validate(tree)
    begun = load("s02").model_dump(mode="json")
    begin_linear(begun, labelled=900)
    before = copy.deepcopy(begun)
    quick_heads(begun)
    assert begun == before


def test_few_epochs_wait_for_no_plateau(many):
    found = fitted(load("s32"), many, 8)
    assert found.fits
    stages = [stage for one in found.recipe.models.values() for stage in one.stages if stage.kind == "train"]
    assert {stage.schedule["name"] for stage in stages} == {"cosine"}
    assert sum(stage.epochs for stage in stages) < 12 * len(found.recipe.models)
    assert min(stage.image_size for stage in stages) >= 96


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


def test_of_the_last_two_the_larger_network_stays():
    models = {
        name: {"backbone": name, "stages": [{"kind": "train"}]} for name in ("mobilenetv2_100", f"{LITE}0")
    }
    tree = Recipe.model_validate({"models": models}).model_dump(mode="json")
    assert least_valuable(tree) == "mobilenetv2_100"
    tree["models"]["mobilenetv2_100"]["backbone"] = f"{LITE}0"
    tree["models"]["mobilenetv2_100"]["stages"][0]["epochs"] *= 2
    assert least_valuable(tree) == "mobilenetv2_100"  # alike but for its length


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
