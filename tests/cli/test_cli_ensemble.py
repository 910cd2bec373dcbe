"""`thresher ensemble`: words in, a table and files out."""

import json

import numpy as np
import pandas as pd
import pytest

from thresher.cli import main
from thresher.metrics.scores import accuracy
from thresher.predictions import Predictions

NAMES = np.array(["cat", "dog", "eel"], dtype=object)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Three models' scores of 90 photos and of 12 test photos, and the labels."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    targets = np.arange(90) % 3
    for number, merit in enumerate((2.0, 1.5, 0.1)):
        for kind, rows, right in (("oof", 90, targets), ("test", 12, np.arange(12) % 3)):
            logits = merit * np.eye(3)[right] + rng.normal(0, 1, (rows, 3))
            frame = pd.DataFrame(
                np.exp(logits) / np.exp(logits).sum(1, keepdims=True), columns=["c0", "c1", "c2"]
            )
            frame.insert(0, "image_id", [f"{kind}{row}" for row in range(rows)])
            frame.sample(frac=1, random_state=number).to_csv(
                f"m{number}{'_test' * (kind == 'test')}.csv", index=False
            )
    ids = [f"oof{row}" for row in range(90)]
    pd.DataFrame({"image_id": ids, "label": NAMES[targets]}).to_csv("train.csv", index=False)
    asked = pd.DataFrame({"id": [f"test{row}" for row in range(11, -1, -1)], "answer": "cat"})
    asked.to_csv("sample_submission.csv", index=False)
    return tmp_path


def call(capsys, *words):
    with pytest.raises(SystemExit) as left:
        main(["ensemble", *words])
    out, err = capsys.readouterr()
    return left.value.code or 0, out, err


SCORES = ["--scores", "m0.csv", "m1.csv", "m2.csv", "--labels", "train.csv"]


def test_files_to_scores_weights_metrics_and_a_submission(files, capsys):
    words = [
        *SCORES,
        "--test",
        "m0_test.csv",
        "m1_test.csv",
        "m2_test.csv",
        "--method",
        "simplex",
        "--out",
        "o",
    ]
    code, out, err = call(capsys, *words)
    assert code == 0, err
    lines = out.splitlines()
    assert lines[0].split() == ["accuracy,", "nested", "95", "%", "naive", "optimism", "weights"]
    assert [line.split()[0] for line in lines[1:6]] == ["m0", "m1", "m2", "mean", "simplex"]
    assert "the scores carry no folds: 5 were dealt" in err

    metrics = json.loads((files / "o/metrics.json").read_text())
    assert metrics["method"] == {"name": "simplex"}
    assert (metrics["photos"], metrics["folds"]) == (90, 5)
    assert set(metrics["weights"]) == {"m0", "m1", "m2"}
    assert sum(metrics["weights"].values()) == pytest.approx(1)
    assert set(metrics["seconds"]) == {"search", "nested"}
    for kind in ("nested", "naive"):
        assert set(metrics[kind]) == {"accuracy", "balanced_accuracy", "macro_f1", "log_loss"}
        for one in metrics[kind].values():
            assert one["low"] <= one["value"] <= one["high"]
    assert metrics["naive"]["log_loss"]["value"] < metrics["nested"]["log_loss"]["value"]
    assert metrics["against_mean"]["sentence"] in out

    oof = Predictions.load(files / "o/oof.parquet")
    assert (len(oof), oof.classes, oof.kind) == (90, ("cat", "dog", "eel"), "oof")
    assert metrics["nested"]["accuracy"]["value"] == accuracy(oof.targets, oof.scores)
    weights = pd.read_csv(files / "o/weights.csv").set_index("model")["weight"]
    assert weights.to_dict() == pytest.approx(metrics["weights"])
    test = Predictions.load(files / "o/test.parquet")
    assert test.kind == "test"
    parts = [
        pd.read_csv(f"m{number}_test.csv").set_index("image_id").loc[list(test.ids)] for number in range(3)
    ]
    wanted = sum(weights[f"m{number}"] * part.to_numpy() for number, part in enumerate(parts))
    np.testing.assert_allclose(test.scores, wanted, atol=1e-9)
    submission = pd.read_csv(files / "o/submission.csv")
    assert list(submission["id"]) == [f"test{row}" for row in range(11, -1, -1)]
    assert list(submission["answer"]) == list(test.align(submission["id"]).predicted)


def test_auto_shows_what_it_chose_from(files, capsys):
    method = "{name: auto, among: [mean, {name: greedy, bags: 1}]}"
    code, out, err = call(capsys, *SCORES, "--method", method, "--metric", "log_loss", "--out", "o")
    assert code == 0, err
    rows = [line.split()[0] for line in out.splitlines()[1:7]]
    assert rows == ["m0", "m1", "m2", "mean", "greedy", "auto"]
    metrics = json.loads((files / "o/metrics.json").read_text())
    assert metrics["facts"]["chosen"] in ("mean", "greedy")
    assert list(metrics["methods"]) == ["mean", "greedy"]
    assert metrics["method"]["metric"] == "log_loss"
    assert not (files / "o/test.parquet").exists()
    again = call(capsys, *SCORES, "--method", method, "--metric", "log_loss", "--out", "p")
    assert (files / "p/oof.parquet").read_bytes() == (files / "o/oof.parquet").read_bytes()
    assert again[1].splitlines()[:7] == out.splitlines()[:7]


def test_any_metric(files, capsys):
    (files / "scoring_here.py").write_text(
        "def sure(targets, scores): return scores[range(len(targets)), targets].mean()"
    )
    for name in ("auc", "map@2", "scoring_here:sure"):
        code, out, err = call(
            capsys, *SCORES, "--method", "{name: greedy, rounds: 5, bags: 1}", "--metric", name
        )
        assert code == 0, err
        assert out.split(", nested")[0].strip() == name
        metrics = json.loads((files / "ensemble/metrics.json").read_text())
        assert next(iter(metrics["nested"])) == metrics["metric"] == metrics["method"]["metric"] == name


def test_views_have_weights_of_their_own(files, capsys):
    (files / "m0.csv").rename(files / "b4@full.csv")
    (files / "m1.csv").rename(files / "b4@centre.csv")
    words = ["b4@full.csv", "b4@centre.csv", "m2.csv", "--labels", "train.csv"]
    code, _, err = call(capsys, *words, "--method", "{name: per_view, search: simplex}", "--out", "o")
    assert code == 0, err
    table = pd.read_csv(files / "o/weights.csv", keep_default_na=False)
    assert table[["model", "view"]].to_numpy().tolist() == [["b4", "full"], ["b4", "centre"], ["m2", ""]]
    assert table["weight"].sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], "name the folders of runs, or files of scores with --scores"),
        ([*SCORES, "--method", "gredy"], "no ensemble part is named 'gredy'; did you mean 'greedy'?"),
        ([*SCORES, "--method", "{name: greedy, round: 3}"], "ensemble 'greedy' has no setting 'round'"),
        ([*SCORES, "--method", "[1]"], "write a name, or settings as {name: greedy, rounds: 200}"),
        ([*SCORES, "--metric", "f1"], "no metric is named 'f1'"),
        ([*SCORES, "--set", "seed=3"], "--set seed=3: only data.* has an effect here"),
        (["nowhere.csv", "--labels", "train.csv"], "nowhere.csv: no such file"),
        ([*SCORES, "--test", "m0_test.csv"], "1 files of test scores for 3 files of scores"),
        (["m0.csv", "--labels", "m1.csv"], "m1.csv: no column 'label'"),
    ],
)
def test_errors_say_what_to_do(files, capsys, words, text):
    code, _, err = call(capsys, *words)
    assert code == 2
    assert err.startswith("error: ")
    assert text in err


def test_the_page_shows_methods_and_weights_and_escapes_names(files, capsys):
    (files / "m0.csv").rename(files / "<b>&.csv")
    words = ["<b>&.csv", "m1.csv", "--labels", "train.csv", "--method", "simplex", "--metric", "log_loss"]
    code, out, err = call(capsys, *words)
    assert code == 0, err
    assert "ensemble/ensemble.html" in out
    page = (files / "ensemble/ensemble.html").read_text(encoding="utf-8")
    metrics = json.loads((files / "ensemble/metrics.json").read_text())
    assert "&lt;b&gt;&amp;" in page
    assert "<b>&" not in page
    assert "http" not in page.replace("http-equiv", "")
    for kind in ("nested", "naive"):
        assert f"{metrics[kind]['log_loss']['value']:.4f}" in page
    assert f"{max(metrics['weights'].values()):.3f}" in page
    assert "lower is better" in page
    assert metrics["against_mean"]["sentence"] in page


def test_the_ensemble_of_a_recipe(files, capsys, monkeypatch):
    """s24 is two-stage stacking on any scores."""
    pytest.importorskip("lightgbm")
    import thresher.cli.ensemble as command

    spec = command._spec("s24", "accuracy")
    assert [part["name"] for part in spec["of"]] == ["lightgbm", "cnn_1d", "cnn_2d", "mean"]
    short = {**spec, "of": [{**part, **({"epochs": 2} if "epochs" in part else {})} for part in spec["of"]]}
    monkeypatch.setattr(command, "_spec", lambda method, metric: short)
    code, out, err = call(capsys, *SCORES, "--method", "s24", "--out", "o")
    assert (code, "average" in out) == (0, True), err
    scores = Predictions.load(files / "o" / "oof.parquet")
    assert len(scores) == 90
    np.testing.assert_allclose(scores.scores.sum(1), 1)
