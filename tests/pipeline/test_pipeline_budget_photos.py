"""`--budget` on a few real photos, from the command to the submission."""

import json

import pandas as pd
import pytest

from thresher.cli import main
from thresher.pipeline.workspace import finished_run
from thresher.predictions import Predictions
from thresher.recipe.loader import load


@pytest.mark.photos
@pytest.mark.slow
def test_a_minute_or_two_of_real_photos(real_data, tmp_path, capsys):
    table = pd.read_csv(real_data / "art7" / "train.csv").groupby("label").head(9)
    table.to_csv(tmp_path / "learn.csv", index=False)
    new = pd.read_csv(real_data / "art7" / "sample_submission.csv").head(5)[["image_id"]]
    new["image_id"] = str(real_data / "art7" / "test") + "/" + new["image_id"]
    new.to_csv(tmp_path / "new.csv", index=False)
    out = tmp_path / "run"
    words = ["run", str(tmp_path / "learn.csv"), "--images", str(real_data / "art7" / "train")]
    words += ["--test", str(tmp_path / "new.csv"), "--out", str(out), "--set", "metrics.resamples=200"]
    with pytest.raises(SystemExit) as left:
        main([*words, "--budget", "100s"])
    assert left.value.code == 0, capsys.readouterr().err
    run = finished_run(out)
    metrics = json.loads(run.metrics.read_text())
    assert metrics["budget"]["spent"] <= 105
    assert metrics["budget"]["steps"][0]["kept"]
    assert metrics["oof"]["accuracy"]["value"] > 0.5
    oof = Predictions.load(run.predictions("oof"))
    assert list(oof.ids) == list(table["image_id"])
    assert set(oof.folds) == set(range(4))
    assert len(pd.read_csv(run.submission)) == 5
    recipe = load(str(run.recipe))
    assert {path.name for path in (out / "predictions").iterdir() if path.is_dir()} == set(recipe.models)
    assert all(job.is_file() for model in recipe.models for job in (out / "jobs" / model).rglob("job.json"))
    assert "step" in capsys.readouterr().out
