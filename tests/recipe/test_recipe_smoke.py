"""Shrunken recipes: everything small, nothing gone."""

import pytest

from thresher.recipe.loader import dump, load
from thresher.recipe.presets import list_presets
from thresher.recipe.smoke import shrink

SHARED = {"near_duplicates": True, "report_leak": False}
"""What every rule of folds has."""


@pytest.mark.parametrize("name", [info.name for info in list_presets() if not info.source])
def test_every_step_stays_and_all_is_small(name, tmp_path):
    whole, tiny = load(name), load(name, smoke=True)
    assert tiny.name == f"{name}-smoke"
    assert tiny.data.limit == 100
    assert tiny.metrics.resamples == 200
    assert tiny.folds == {**SHARED, "name": "stratified", "n": 2}
    assert list(tiny.models) == list(whole.models)
    for key, model in tiny.models.items():
        assert [stage.kind for stage in model.stages] == [stage.kind for stage in whole.models[key].stages]
        assert model.backbone == whole.models[key].backbone
        assert model.image_size == 64
        assert len(model.seeds) == min(2, len(whole.models[key].seeds))
        assert 1 <= len(model.views) <= 2
        for stage, large in zip(model.stages, whole.models[key].stages, strict=True):
            if stage.kind == "train":
                assert (stage.epochs, stage.batch_size) == (1, min(16, large.batch_size))
                assert stage.image_size in (None, 64)
            elif stage.kind == "linear" or stage.scores is None:
                assert (stage.inner_folds, len(stage.views) <= 2) == (2, True)
            else:
                assert stage == large
    (tmp_path / "r.yaml").write_text(dump(tiny))
    assert load(tmp_path / "r.yaml") == tiny
    assert shrink(tiny) == tiny


PARTS = ("augment", "mixing", "loss", "sampling", "optimizer", "schedule", "averaging")


@pytest.mark.parametrize("name", [info.name for info in list_presets() if info.source])
def test_systems_keep_every_part(name):
    whole = load(name)
    tiny = shrink(whole)
    assert tiny.name == f"{name}-smoke"
    assert tiny.ensemble["name"] == whole.ensemble["name"]
    folds = tiny.folds.get("rule", tiny.folds)
    assert folds.get("n", 2) == 2
    assert list(tiny.models) == list(whole.models)
    for key, model in tiny.models.items():
        full = whole.models[key]
        assert [view["name"] for view in model.views] == [view["name"] for view in full.views][
            :2
        ] or name == "s24"
        for part in ("head", "tiles", "unknown", "normalise", "final", "starts_from", "dropout", "drop_path"):
            assert getattr(model, part) == getattr(full, part)
        assert model.weights == ("auto" if full.starts_from or name == "s24" else "none")
        assert model.engine == ("auto" if name == "s24" else "torch")
        for stage, large in zip(model.stages, full.stages, strict=True):
            assert stage.kind == large.kind
            if stage.kind != "train":
                continue
            for part in PARTS:
                assert getattr(stage, part)["name"] == getattr(large, part)["name"], (key, part)
            assert stage.loss == large.loss
            assert (stage.select is None) == (large.select is None)
            assert (stage.layers, stage.batch_norm) == (large.layers, large.batch_norm)
            assert 1 <= stage.epochs <= 4
            if "plateau" not in stage.schedule["name"] and stage.augment["name"] != "phases":
                assert stage.epochs == 1 or name == "s24"
    assert shrink(tiny) == tiny


def test_all_phases_are_seen():
    from thresher.recipe.part import build

    stage = load("s16", smoke=True).models["b4"].stages[0]
    policy, mixer = build("augment", stage.augment), build("mixing", stage.mixing)
    assert len({id(policy.at(epoch / stage.epochs)) for epoch in range(stage.epochs)}) == 4
    steps = 3 * stage.epochs
    assert len({id(mixer.at(step / steps)) for step in range(steps)}) == 4


def test_a_model_that_starts_from_another_has_the_same_sister():
    tiny = load("s21", smoke=True).models
    assert tiny["b4@crops"].backbone == tiny["b4"].backbone == "tf_efficientnet_lite0"
    assert (tiny["b4@crops"].weights, tiny["b4"].weights) == ("auto", "none")


@pytest.mark.parametrize(
    ("stages", "weights", "backbone", "found"),
    [
        ("[{kind: linear}]", "auto", "efficientnet_b4", ("tf_efficientnet_lite0", "auto", 64, "auto")),
        (
            "[{kind: repair}, {kind: train}]",
            "hub",
            "resnet50d",
            ("tf_efficientnet_lite0", "auto", 64, "auto"),
        ),
        ("[{kind: train}]", "hub", "resnet50d", ("resnet10t", "none", 32, "torch")),
        ("[{kind: train}]", "mine.pth", "resnet50d", ("resnet50d", "mine.pth", 64, "auto")),
        ("[{kind: train}]", "auto", "tf_efficientnet_lite1", ("tf_efficientnet_lite1", "auto", 64, "auto")),
        ("[{kind: train}]", "auto", "coatnet_0_rw_224", ("coatnet_0_rw_224", "auto", 64, "auto")),
    ],
)
def test_sisters_and_weights(tmp_path, stages, weights, backbone, found):
    path = tmp_path / "r.yaml"
    path.write_text(f"models: {{a: {{backbone: {backbone}, weights: {weights}, stages: {stages}}}}}\n")
    model = load(path, smoke=True).models["a"]
    assert (model.backbone, model.weights, model.image_size, model.engine) == found


def test_tiles_stay_whole():
    model = load("s09", smoke=True).models["tiles_a"]
    assert (model.image_size, model.tiles["grid"]) == (64, 2)


def test_what_is_smaller_already_stays(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text("models: {a: {image_size: 32, stages: [{kind: train, batch_size: 4, image_size: 16}]}}\n")
    tiny = load(path, ["data.limit=20", "folds={name: given, file: f.csv}"], smoke=True)
    assert (tiny.models["a"].image_size, tiny.data.limit) == (32, 20)
    assert (tiny.models["a"].stages[0].batch_size, tiny.models["a"].stages[0].image_size) == (4, 16)
    assert tiny.folds == {**SHARED, "name": "given", "file": "f.csv"}
