"""The systems of competitions, made small, on real photos: every file of the contract, whole."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from thresher.cli.app import app
from thresher.recipe.loader import load
from thresher.recipe.presets import list_presets
from thresher.run_folder import RunFolder

SYSTEMS = [info.name for info in list_presets() if info.source]
PHOTOS = 70


def whole(path, ids, classes):
    """Scores of exactly these photos, in any order, each a distribution over all classes."""
    table = pd.read_parquet(path)
    assert sorted(table["image_id"]) == sorted(ids), path
    scores = table[[f"p_{name}" for name in classes]].to_numpy(dtype=np.float64)
    assert np.isfinite(scores).all(), path
    assert (scores >= 0).all(), path
    np.testing.assert_allclose(scores.sum(1), 1, atol=1e-5, err_msg=str(path))
    return table


def test_there_are_twenty():
    wanted = "01 02 03 07 08 09 10 12 13 14 16 17 18 19 20 21 22 23 24 32"
    assert [f"s{number}" for number in wanted.split()] == SYSTEMS


@pytest.mark.photos
@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_runs_end_to_end(real_data, tmp_path, name):
    art, out = real_data / "art7", tmp_path / "run"
    given = ["run", art / "train.csv", "--images", art / "train", "--test", art / "test"]
    words = [*given, "--recipe", name, "--smoke", "--set", f"data.limit={PHOTOS}", "--out", out]
    done = CliRunner().invoke(app, list(map(str, words)))
    assert done.exit_code == 0, done.output
    run, recipe = RunFolder(out), load(out / "recipe.yaml")
    table = pd.read_parquet(run.dataset)
    classes = sorted(pd.read_csv(art / "train.csv")["label"].unique())
    labelled, asked = (table.loc[table["split"] == part, "image_id"] for part in ("train", "test"))
    assert len(labelled) == PHOTOS
    assert len(asked) == PHOTOS
    folds = pd.read_parquet(run.folds)
    scored = folds.loc[folds["fold"] >= 0, "image_id"]
    held_out = recipe.folds["name"] == "holdout"
    assert len(scored) == (round(recipe.folds["share"] * PHOTOS) if held_out else PHOTOS)
    tiny, full = load(name, smoke=True), load(name)
    assert list(recipe.models) == list(tiny.models) == list(full.models)
    for model in (None, *recipe.models):
        whole(run.predictions("oof", model), scored, classes)
        whole(run.predictions("test", model), asked, classes)
    submission = pd.read_csv(run.submission)
    assert list(submission.columns) == list(pd.read_csv(art / "sample_submission.csv").columns)
    assert set(submission["image_id"]) == set(asked)
    assert submission["label"].isin(classes).all()
    metrics = json.loads(run.metrics.read_text())
    assert set(metrics["models"]) == set(recipe.models)
    for scores in (metrics["oof"], *metrics["models"].values()):
        found = scores["accuracy"]
        assert 0 <= found["low"] <= found["value"] <= found["high"] <= 1
    assert metrics["photos"]["train"] == metrics["photos"]["test"] == PHOTOS
    assert "</html>" in run.report.read_text()
    for model, section in recipe.models.items():
        for seed in section.seeds:
            for fold in sorted(set(folds["fold"]) - {-1}):
                check_job(run.job(model, seed, fold), section, folds, fold, classes)
            if section.final == "all":
                assert (run.job(model, seed, -2) / "checkpoint.safetensors").is_file()
    check_steps(name, run, done.output)


def check_job(folder: Path, section, folds, fold, classes):
    """A job's checkpoint, scores and history of every stage."""
    assert (folder / "checkpoint.safetensors").stat().st_size > 1000, folder
    assert json.loads((folder / "job.json").read_text())["key"], folder
    whole(folder / "oof.parquet", folds.loc[folds["fold"] == fold, "image_id"], classes)
    trained = [number for number, stage in enumerate(section.stages) if stage.kind == "train"]
    if trained:
        history = pd.read_parquet(folder / "history.parquet")
        assert sorted(history["stage"].unique()) == trained, folder
        assert np.isfinite(history["train_loss"]).all(), folder
    assert (folder / "labels.parquet").is_file() == any(stage.kind == "repair" for stage in section.stages)


def check_steps(name, run, output):
    """What is special about some of them left its trace."""
    metrics = json.loads(run.metrics.read_text())
    if load(name).data.source:
        assert "all photos count as one source" in output
    if name in ("s07", "s18", "s21", "s22", "s23", "s24"):
        assert "naive" in metrics["ensemble"]
    if name in ("s07", "s21"):
        weights = metrics["ensemble"]["weights"]
        assert set(weights) == set(metrics["models"])
        assert sum(weights.values()) == pytest.approx(1)
    if name == "s03":  # an average of weights, so a model of its own, not that of the last epoch
        assert load(run.recipe).models["b4_c20_719"].stages[0].averaging["name"] == "swa"
    if name == "s21":  # views of one network: same weights, other scores
        one, other = (run.job(model, 0, 0) for model in ("b4", "b4@centre"))
        from safetensors.numpy import load_file

        ours, theirs = (load_file(folder / "checkpoint.safetensors") for folder in (one, other))
        assert all(np.array_equal(ours[key], theirs[key]) for key in ours)
        assert not np.array_equal(
            *(pd.read_parquet(folder / "oof.parquet").iloc[:, 3:] for folder in (one, other))
        )
