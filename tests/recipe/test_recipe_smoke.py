"""Shrunken recipes: everything small, nothing gone."""

import pytest

from thresher.recipe.loader import dump, load
from thresher.recipe.presets import list_presets
from thresher.recipe.smoke import shrink

SHARED = {"near_duplicates": True, "report_leak": False}
"""What every rule of folds has."""


@pytest.mark.parametrize("name", [info.name for info in list_presets()])
def test_every_step_stays_and_all_is_small(name, tmp_path):
    whole, tiny = load(name), load(name, smoke=True)
    assert tiny.name == f"{name}-smoke"
    assert tiny.data.limit == 100
    assert tiny.metrics.resamples == 200
    assert tiny.folds == {**SHARED, "name": "stratified", "n": 2}
    assert list(tiny.models) == list(whole.models)
    for key, model in tiny.models.items():
        assert [stage.kind for stage in model.stages] == [stage.kind for stage in whole.models[key].stages]
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


def test_what_is_smaller_already_stays(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text("models: {a: {image_size: 32, stages: [{kind: train, batch_size: 4, image_size: 16}]}}\n")
    tiny = load(path, ["data.limit=20", "folds={name: given, file: f.csv}"], smoke=True)
    assert (tiny.models["a"].image_size, tiny.data.limit) == (32, 20)
    assert (tiny.models["a"].stages[0].batch_size, tiny.models["a"].stages[0].image_size) == (4, 16)
    assert tiny.folds == {**SHARED, "name": "given", "file": "f.csv"}
