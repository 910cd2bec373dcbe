"""`thresher predict`: new photos get the scores that the run gave its test photos."""

import shutil

import numpy as np
import pandas as pd
import pytest
from pipeline_runs import run_here

from thresher.classifier import PhotoClassifier
from thresher.cli import main
from thresher.errors import DataError, RunError
from thresher.files import read_json
from thresher.pipeline.predict import predict
from thresher.predictions import Predictions
from thresher.progress import Progress


class Told(Progress):
    def __init__(self):
        self.said = []

    def say(self, text):
        self.said.append(text)


@pytest.fixture(scope="module")
def wanted(finished):
    return Predictions.load(finished / "predictions/test.parquet")


def test_a_folder(finished, photos, wanted):
    found = predict(finished, photos / "test")
    assert list(found.ids) == list(wanted.ids)
    assert found.classes == wanted.classes
    assert found.kind == "test"
    np.testing.assert_allclose(found.scores, wanted.scores, atol=1e-6)


def test_a_table_and_a_photo(finished, photos, wanted, tmp_path):
    table = tmp_path / "some.csv"
    pd.DataFrame({"image_id": ["t4", "t1.jpg"]}).to_csv(table, index=False)
    found = predict(finished, table, photos / "test")
    assert list(found.ids) == ["t4", "t1.jpg"]
    np.testing.assert_allclose(found.scores, wanted.align(["t4.jpg", "t1.jpg"]).scores, atol=1e-6)
    one = predict(finished, photos / "test/t3.jpg")
    assert list(one.ids) == ["t3.jpg"]
    np.testing.assert_allclose(one.scores, wanted.align(["t3.jpg"]).scores, atol=1e-6)


def test_calibrated(finished, photos, tmp_path):
    """Every probability to the power 1/T, and the shares of the classes stay for what cannot be read."""
    temperature = read_json(finished / "metrics.json")["calibration"]["temperature"]
    folder = shutil.copytree(photos / "test", tmp_path / "new")
    (folder / "t0.jpg").write_bytes(b"")
    plain, scaled = (predict(finished, folder, calibrated=told) for told in (False, True))
    powers = plain.scores ** (1 / temperature)
    expected = powers / powers.sum(1, keepdims=True)
    np.testing.assert_allclose(scaled.scores[1:], expected[1:], rtol=1e-6)
    assert abs(temperature - 1) > 0.05
    np.testing.assert_array_equal(scaled.scores[0], plain.scores[0])
    assert scaled.origin["temperature"] == pytest.approx(temperature)
    out = tmp_path / "scores.parquet"
    with pytest.raises(SystemExit) as ended:
        main(["predict", str(finished), str(folder), "--calibrated", "--out", str(out)])
    assert ended.value.code == 0
    np.testing.assert_array_equal(Predictions.load(out).scores, scaled.scores)


def test_training_photos_are_scored_by_all_folds(finished, photos):
    """Not the OOF scores: four of the models saw the photo."""
    found = predict(finished, photos / "train")
    oof = Predictions.load(finished / "predictions/oof.parquet")
    assert list(found.ids) == list(oof.ids)
    assert (found.predicted == oof.labels).mean() > (oof.predicted == oof.labels).mean()


def test_broken_photos_get_the_same_class_shares(own_photos, small, tmp_path):
    (own_photos / "test/t2.jpg").write_bytes(b"")
    (own_photos / "train/red/red03.jpg").write_bytes(b"")
    run = run_here(own_photos / "train", small, tmp_path / "run", test=own_photos / "test")
    told = Told()
    found = predict(run, own_photos / "test", progress=told)
    np.testing.assert_allclose(
        found.scores, Predictions.load(run / "predictions/test.parquet").scores, atol=1e-6
    )
    assert any(text.startswith("t2.jpg: ") for text in told.said)
    (own_photos / "none").mkdir()
    for number in range(9):
        (own_photos / f"none/{number}.jpg").write_bytes(b"")
    told = Told()
    np.testing.assert_allclose(predict(run, own_photos / "none", progress=told).scores, found.scores[[2] * 9])
    assert told.said[-1] == "and 4 more"


def test_jobs_of_an_earlier_recipe_are_left_out(photos, small, tmp_path):
    run_here(
        photos / "train",
        small,
        tmp_path / "run",
        "folds.n=3",
        "models.tuned=null",
        "models.frozen.seeds=[0, 1]",
    )
    run = run_here(photos / "train", small, tmp_path / "run", "models.tuned=null", test=photos / "test")
    np.testing.assert_allclose(
        predict(run, photos / "test").scores,
        Predictions.load(run / "predictions/test.parquet").scores,
        atol=1e-6,
    )


def test_a_run_that_is_not_finished(finished, photos, tmp_path):
    with pytest.raises(RunError, match="not a run folder"):
        predict(tmp_path, photos / "test")
    half = shutil.copytree(finished, tmp_path / "half")
    recipe = half / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("epochs: 2", "epochs: 3"))  # as a second command would
    with pytest.raises(RunError, match="the run is not finished"):
        predict(half, photos / "test")
    (half / "log.jsonl").write_text('{"event": "start"}\n')
    with pytest.raises(RunError, match="the run is not finished"):
        predict(half, photos / "test")


def test_no_photos(finished, tmp_path):
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(DataError):
            predict(finished, path)


def test_the_command(finished, photos, wanted, tmp_path, capsys):
    for name in ("scores.csv", "scores.parquet"):
        with pytest.raises(SystemExit) as left:
            main(["predict", str(finished), str(photos / "test"), "--out", str(tmp_path / name)])
        assert not left.value.code
        found = Predictions.load(tmp_path / name)
        np.testing.assert_allclose(found.scores, wanted.scores, atol=1e-6)
    shown = capsys.readouterr().out
    assert "photos" in shown
    assert "scores.csv" in shown


def test_the_classifier(photos, small, wanted, finished, tmp_path):
    """The scikit-learn face gives the scores of the run."""
    paths = sorted((photos / "train").glob("*/*.jpg"))
    labels = [path.parent.name for path in paths]
    model = PhotoClassifier(small, tmp_path / "run").fit(paths, labels)
    np.testing.assert_allclose(
        model.predict_proba(sorted((photos / "test").glob("*.jpg"))), wanted.scores, atol=1e-6
    )
    oof = Predictions.load(finished / "predictions/oof.parquet")
    assert model.metrics_["oof"]["accuracy"]["value"] == pytest.approx((oof.predicted == oof.labels).mean())
    assert model.score(paths, labels) > 0.8
