"""What a run, and `thresher inspect`, say of the photos themselves."""

import json

import cv2
import numpy as np
import pandas as pd
import pytest
from copies_kit import Told, save_scenes
from pipeline_runs import run_here

from thresher.dataset.open import open_dataset
from thresher.images.cache import PhotoCache
from thresher.inspect.photo_facts import FACTS, photo_facts
from thresher.pipeline.survey import survey
from thresher.recipe.loader import load
from thresher.report.facts import read_facts
from thresher.run_folder import RunFolder

ONE = "models.tuned=null"
STAGES = "models.tuned.stages=[{kind: train, epochs: 1, precision: fp32}]"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Half of the photos come from a camera whose pictures are much darker."""
    root, table = save_scenes(tmp_path_factory.mktemp("cameras"))
    table["camera"] = ["old" if place % 2 else "new" for place in range(len(table))]
    for name in table["image_id"][table["camera"] == "old"]:
        photo = cv2.imread(str(root / name))
        cv2.imwrite(str(root / name), (photo * 0.35).astype(np.uint8))
    table.to_csv(root / "table.csv", index=False)
    return root, table


def test_a_run_leaves_facts_of_its_photos_and_drift(data, small, tmp_path):
    root, table = data
    run = run_here(root / "table.csv", small, tmp_path / "run", ONE, "data.source=camera", images=root)
    found = pd.read_parquet(run / "photo_facts.parquet")
    assert list(found) == ["image_id", *FACTS]
    assert list(found["image_id"]) == list(table["image_id"])
    photos = [cv2.imread(str(root / name), cv2.IMREAD_COLOR_RGB) for name in table["image_id"]]
    wanted = photo_facts(photos, np.arange(len(photos)))
    np.testing.assert_allclose(found[list(FACTS)], wanted, rtol=0.05, atol=0.1)
    metrics = json.loads((run / "metrics.json").read_text())
    (drift,) = metrics["drift"]
    assert {drift["first"], drift["second"]} == {"old", "new"}
    assert sorted(drift["photos"]) == sorted(table["camera"].value_counts())
    assert drift["auc"]["value"] > 0.9
    (again,) = read_facts(RunFolder(run)).drifts
    assert again.auc == drift["auc"]["value"]
    telling = again.telling(5)[1 if drift["second"] == "old" else 0]
    assert set(table["camera"].iloc[telling]) == {"old"}
    page = (run / "report.html").read_text()
    assert "be told apart by their photos" in page
    assert "inspect" in metrics["seconds"]


def test_a_survey_finds_what_was_planted(data, small):
    root, table = data
    recipe = load(str(small), [ONE, "data.source=camera"])
    dataset = open_dataset(root / "table.csv", root, None, recipe.data)
    told = Told()
    found = survey(dataset, recipe, progress=told)
    assert found.inspection.photos["train"] == len(table)
    mirrored = [one for one in found.sets if one.labels_differ]
    assert [set(one.ids) for one in mirrored] == [{"a6.png", "mirrored.jpg"}]
    (drift,) = found.drifts
    assert drift.auc > 0.9
    lines = found.lines()
    assert "1 photo carries different labels on near copies." in lines
    assert drift.sentence in lines
    order = found.facts["brightness"].sort_values().index[:10]
    assert set(table["camera"].iloc[order]) == {"old"}


def test_a_survey_without_embeddings_decodes_photos_once_and_loads_no_network(data, small, monkeypatch):
    root, _ = data
    recipe = load(str(small), [ONE, "data.source=camera"])
    dataset = open_dataset(root / "table.csv", root, None, recipe.data)
    opened = []
    real = PhotoCache.open.__func__

    def count(cls, *args, **kwargs):
        opened.append(args)
        return real(cls, *args, **kwargs)

    def refuse(*args, **kwargs):
        raise AssertionError("no network is needed")

    monkeypatch.setattr(PhotoCache, "open", classmethod(count))
    monkeypatch.setattr("thresher.pipeline.survey.resolve", refuse)
    found = survey(dataset, recipe, embeddings=False)
    assert len(opened) == 1
    assert found.drifts == ()
    assert len(found.sets) >= 1  # a hash sees them
    with pytest.raises(AssertionError, match="no network"):
        survey(dataset, recipe)
    noise = load(str(small), ["models.frozen=null", "models.tuned.weights=none", STAGES])
    assert survey(dataset, noise).drifts == ()


def test_where_weights_cannot_be_had_it_is_said(data, small, tmp_path):
    root, _ = data
    recipe = load(str(small), [ONE, f"models.frozen.weights={tmp_path / 'nowhere.safetensors'}"])
    told = Told()
    found = survey(open_dataset(root / "table.csv", root, None, recipe.data), recipe, progress=told)
    assert found.drifts == ()
    assert any(line.startswith("without embeddings, so neither crops nor drift") for line in told.lines)
    assert any("nowhere.safetensors" in line for line in told.lines)


def test_labels_know_the_copies_of_a_run(data, small, tmp_path):
    from thresher.pipeline.label_issues import judge_run

    root, _ = data
    run = run_here(root / "table.csv", small, tmp_path / "run", ONE, images=root)
    issues = judge_run(run, "normalised_margin").issues
    clusters = pd.read_parquet(run / "duplicates.parquet").set_index("image_id")["cluster"]
    assert len(clusters)
    found = issues.set_index("image_id")["cluster"]
    assert found.dropna().astype(int).sort_index().equals(clusters.sort_index().rename("cluster"))
