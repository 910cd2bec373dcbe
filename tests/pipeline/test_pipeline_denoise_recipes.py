"""The recipes that repair labels, as they come, made small; and on real photos with planted mistakes."""

import numpy as np
import pandas as pd
import pytest
from pipeline_runs import run_here

from thresher.predictions import Predictions
from thresher.recipe.loader import load
from thresher.repair.history import read_history
from thresher.run_folder import RunFolder

SMALL = ["backbone=test_efficientnet", "image_size=32", "engine=torch", "precision=fp32"]


@pytest.mark.parametrize("name", ["denoise", "s02", "distil"])
def test_every_step_runs(photos, weights, tmp_path, name):
    from thresher.dataset.open import open_dataset
    from thresher.pipeline.run import run

    words = [f"models.*.{word}" for word in (*SMALL, f"weights={weights}")]
    recipe = load(name, [*words, "training.jobs=1", f"images.cache_dir={tmp_path / 'cache'}"], smoke=True)
    done = run(open_dataset(photos / "train", test=photos / "test"), recipe, tmp_path / "run")
    scores = Predictions.load(done.predictions("oof"))
    assert len(scores) == 30
    report = done.report.read_text()
    if name == "s02":
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


PHOTOS = 1000
FEW = [
    "models.lite0.image_size=128",
    "models.lite0.views=[plain]",
    "models.lite0.stages.*.views=[plain]",
    "models.lite0.stages.*.penalties=[0.01, 0.03, 0.1]",
    "models.lite0.engine=onnxruntime",
    "models.lite0.precision=fp32",
    "folds.n=2",
    "folds.near_duplicates=false",
    "metrics.resamples=100",
]


@pytest.mark.photos
def test_planted_mistakes_are_found_and_cost_less(real_data, tmp_path):
    """Paintings of seven classes, a fifth of the labels wrong; scored by true labels that nobody was told."""
    table = pd.read_csv(real_data / "art7/train.csv").sample(PHOTOS, random_state=0).reset_index(drop=True)
    random, classes = np.random.default_rng(0), sorted(table["label"].unique())
    true = table["label"].map(classes.index).to_numpy()
    wrong = random.random(PHOTOS) < 0.2
    given = np.where(wrong, (true + random.integers(1, len(classes), PHOTOS)) % len(classes), true)
    table["label"] = np.array(classes, dtype=object)[given]
    table.to_csv(tmp_path / "noisy.csv", index=False)
    right = {}
    for name in ("quick", "denoise"):
        images = real_data / "art7/train"
        done = RunFolder(run_here(tmp_path / "noisy.csv", name, tmp_path / name, *FEW, images=images))
        scores = Predictions.load(done.predictions("oof")).align(table["image_id"])
        assert list(scores.labels) == list(table["label"])
        right[name] = float((scores.scores.argmax(1) == true).mean())
    found = read_history(done.history)["image_id"]
    hits = found.isin(table["image_id"][wrong])
    told = f"{right}, {hits.mean():.3f} of {len(found)} doubts, {hits.sum() / wrong.sum():.3f} of mistakes"
    print(told)
    assert right["denoise"] >= right["quick"], told
    assert hits.mean() > 0.6, told  # each photo is judged once: when the other fold is held out
    assert hits.sum() / wrong.sum() > 0.6, told
