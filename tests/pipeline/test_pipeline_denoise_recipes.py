"""The recipes that repair labels, as they come, made small."""

import numpy as np
import pandas as pd
import pytest

from thresher.predictions import Predictions
from thresher.recipe.loader import load

SMALL = ["backbone=test_efficientnet", "image_size=32", "engine=torch", "precision=fp32"]


@pytest.mark.parametrize("name", ["denoise", "denoise_s02", "distil"])
def test_every_step_runs(photos, weights, tmp_path, name):
    from thresher.dataset.open import open_dataset
    from thresher.pipeline.run import run

    words = [f"models.*.{word}" for word in (*SMALL, f"weights={weights}")]
    recipe = load(name, [*words, "training.jobs=1", f"images.cache_dir={tmp_path / 'cache'}"], smoke=True)
    done = run(open_dataset(photos / "train", test=photos / "test"), recipe, tmp_path / "run")
    scores = Predictions.load(done.predictions("oof"))
    assert len(scores) == 30
    report = done.report.read_text()
    if name == "denoise_s02":
        denoised = Predictions.load(done.predictions("oof", "denoised"))
        np.testing.assert_allclose(scores.scores, denoised.scores)
        assert "The labels of denoised were judged by scores of first" in report
        assert "was chosen on the fold that scores it" in report
    else:
        assert "were repaired among the training photos of a fold alone" in report
    tables = list((done.root / "jobs").glob("*/*/*/labels.parquet"))
    assert len(tables) == 2
    if name == "distil":
        assert all(len(pd.read_parquet(path)) == 15 for path in tables)
