"""What a finished run leaves: every file of the contract, and the numbers that others get from them."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, log_loss

CLASSES = ["blue", "green", "red"]


def test_every_file_is_there_and_nothing_unfinished(finished):
    names = {path.relative_to(finished).as_posix() for path in finished.rglob("*") if path.is_file()}
    wanted = {"recipe.yaml", "environment.json", "dataset.parquet", "folds.parquet", "metrics.json"}
    wanted |= {
        "report.html",
        "log.jsonl",
        "submission.csv",
        "duplicates.parquet",
        "photo_facts.parquet",
        "predictions/oof.parquet",
        "predictions/test.parquet",
    }
    for model in ("frozen", "tuned"):
        wanted |= {f"predictions/{model}/{kind}.parquet" for kind in ("oof", "test")}
        for fold in (0, 1):
            files = ["job.json", "checkpoint.safetensors", "oof.parquet", "test.parquet"]
            files += ["history.parquet"] if model == "tuned" else []
            wanted |= {f"jobs/{model}/0/fold{fold}/{name}" for name in files}
    assert wanted <= names
    assert {name for name in names - wanted if not name.startswith("features/")} == {".lock"}
    assert not [name for name in names if name.endswith((".tmp", "state.pt"))]


def test_the_data_set_and_its_folds(finished, photos):
    table = pd.read_parquet(finished / "dataset.parquet")
    assert len(table) == 36
    assert list(table["status"].unique()) == ["ok"]
    assert table["reason"].isna().all()
    assert list(table["label"][:30]) == [path.split("/")[0] for path in table["image_id"][:30]]
    folds = pd.read_parquet(finished / "folds.parquet")
    assert list(folds.columns) == ["image_id", "fold"]
    assert list(folds["image_id"]) == list(table["image_id"])
    counts = pd.crosstab(table["label"][:30], folds["fold"][:30])
    assert counts.to_numpy().tolist() == [[5, 5]] * 3
    assert (folds["fold"][30:] == -1).all()


@pytest.mark.parametrize("model", ["", "frozen/", "tuned/"])
def test_scores(finished, model):
    table = pd.read_parquet(finished / "dataset.parquet")
    folds = pd.read_parquet(finished / "folds.parquet")["fold"]
    for kind, rows in (("oof", slice(0, 30)), ("test", slice(30, 36))):
        scores = pd.read_parquet(finished / f"predictions/{model}{kind}.parquet")
        assert list(scores.columns) == ["image_id", "label", "fold", *(f"p_{name}" for name in CLASSES)]
        assert list(scores["image_id"]) == list(table["image_id"][rows])
        assert list(scores["fold"]) == list(folds[rows])
        assert (
            scores["label"].isna().all()
            if kind == "test"
            else list(scores["label"]) == list(table["label"][rows])
        )
        values = scores[[f"p_{name}" for name in CLASSES]].to_numpy()
        np.testing.assert_allclose(values.sum(1), 1, atol=1e-9)
        assert (values >= 0).all()


def test_the_ensemble_is_the_mean_of_the_models(finished):
    for kind in ("oof", "test"):
        parts = [
            pd.read_parquet(finished / f"predictions/{name}{kind}.parquet").iloc[:, 3:]
            for name in ("", "frozen/", "tuned/")
        ]
        np.testing.assert_allclose(parts[0], (parts[1] + parts[2]) / 2, rtol=1e-12)


def test_every_row_was_scored_by_the_job_that_did_not_see_it(finished):
    oof = pd.read_parquet(finished / "predictions/tuned/oof.parquet")
    for fold in (0, 1):
        job = pd.read_parquet(finished / f"jobs/tuned/0/fold{fold}/oof.parquet")
        pd.testing.assert_frame_equal(job, oof[oof["fold"] == fold].reset_index(drop=True))
    assert json.loads((finished / "jobs/tuned/0/fold0/job.json").read_text())["train_photos"] == 15


@pytest.mark.parametrize("model", ["", "frozen", "tuned"])
def test_metrics_are_those_of_scikit_learn(finished, model):
    metrics = json.loads((finished / "metrics.json").read_text())
    oof = pd.read_parquet(finished / "predictions" / model / "oof.parquet")
    values = oof.iloc[:, 3:].to_numpy()
    answers = np.array(CLASSES)[values.argmax(1)]
    wanted = {
        "accuracy": accuracy_score(oof["label"], answers),
        "balanced_accuracy": balanced_accuracy_score(oof["label"], answers),
        "macro_f1": f1_score(oof["label"], answers, average="macro", labels=CLASSES, zero_division=0),
        "log_loss": log_loss(oof["label"], values, labels=CLASSES),
    }
    found = metrics["models"][model] if model else metrics["oof"]
    assert list(found) == list(wanted)
    for name, value in wanted.items():
        assert found[name]["value"] == pytest.approx(value, rel=1e-9)
        assert found[name]["low"] <= found[name]["value"] <= found[name]["high"]


def test_the_rest_of_the_metrics(finished):
    metrics = json.loads((finished / "metrics.json").read_text())
    scores = ["oof", "models", "classes", "per_class", "calibration"]
    assert list(metrics) == [*scores, "photos", "leak", "speed", "seconds"]
    assert list(metrics["calibration"]) == ["temperature", "ece", "log_loss", "abstain"]
    before = metrics["calibration"]["log_loss"]["before"]
    assert before == metrics["oof"]["log_loss"]
    assert metrics["classes"] == CLASSES
    assert metrics["photos"] == {"train": 30, "unlabelled": 0, "test": 6, "broken": 0}
    assert {name: one["count"] for name, one in metrics["per_class"].items()} == dict.fromkeys(CLASSES, 10)
    assert list(metrics["speed"]) == ["tuned stage 2"]
    speed = metrics["speed"]["tuned stage 2"]
    assert speed["share"] == pytest.approx(speed["photos_per_second"] / speed["in_memory"])
    stages = ["photos", "folds", "measure", "features", "duplicates", "fit", "scores", "inspect"]
    assert list(metrics["seconds"]) == stages
    assert metrics["leak"] == {"clusters": 0, "rows": 0, "rows_apart": 0, "rows_moved": 0}


def test_the_submission_without_a_sample(finished):
    table = pd.read_csv(finished / "submission.csv")
    scores = pd.read_parquet(finished / "predictions/test.parquet")
    assert list(table.columns) == ["image_id", "label"]
    assert list(table["image_id"]) == [f"t{index}.jpg" for index in range(6)]
    assert list(table["label"]) == [CLASSES[place] for place in scores.iloc[:, 3:].to_numpy().argmax(1)]


def test_learning_curves(finished):
    history = pd.read_parquet(finished / "jobs/tuned/0/fold1/history.parquet")
    wanted = [
        "stage",
        "epoch",
        "train_loss",
        "lr",
        "seconds",
        "photos_per_second",
        "valid_loss",
        "valid_accuracy",
    ]
    assert list(history.columns) == wanted
    assert list(history["epoch"]) == [1, 2]
    assert np.isfinite(history.to_numpy()).all()


def test_the_recipe_is_whole_and_the_log_tells_the_story(finished):
    recipe = yaml.safe_load((finished / "recipe.yaml").read_text())
    assert recipe["models"]["tuned"]["stages"][1]["clip"] is None  # defaults are written out
    events = [json.loads(line) for line in (finished / "log.jsonl").read_text().splitlines()]
    assert [one["event"] for one in events if one["event"] != "stage"] == ["start", "forecast", "finished"]
    assert [one["fold"] for one in events if one.get("name") == "fit"] == [0, 1, 0, 1]
    machine = json.loads((finished / "environment.json").read_text())
    assert {"thresher", "python", "processor", "cores", "threads", "gpus", "packages"} <= set(machine)


def test_the_report_opens_offline_and_shows_the_score(finished):
    page = (finished / "report.html").read_text()
    metrics = json.loads((finished / "metrics.json").read_text())
    assert f"{100 * metrics['oof']['accuracy']['value']:.1f}" in page
    assert "<script src" not in page
    assert 'href="http' not in page.replace('href="https://', "")
