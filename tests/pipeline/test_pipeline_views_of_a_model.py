"""Models without stages: another model of the recipe in views of its own."""

import numpy as np
from safetensors.numpy import load_file

from thresher import Recipe, run
from thresher.dataset.open import open_dataset
from thresher.predictions import Predictions

SMALL = {"backbone": "test_efficientnet", "image_size": 32, "engine": "torch", "precision": "fp32"}
TRAIN = {"kind": "train", "epochs": 1, "batch_size": 8, "precision": "fp32"}


def recipe(weights, cache):
    net = {**SMALL, "weights": str(weights), "stages": [TRAIN], "views": ["plain"]}
    crop = {**SMALL, "starts_from": "net", "stages": []}
    return Recipe.model_validate(
        {
            "folds": {"name": "stratified", "n": 2, "near_duplicates": False},
            "images": {"cache_dir": str(cache)},
            "metrics": {"resamples": 100},
            "training": {"jobs": 1},
            "ensemble": {"name": "per_view", "search": {"name": "greedy", "rounds": 3, "bags": 1}},
            "models": {
                "net": net,
                "net@plain": {**crop, "views": ["plain"]},
                "net@crop": {**crop, "views": [{"name": "crop", "fraction": 0.6}]},
            },
        }
    )


def test_the_same_weights_in_other_views(photos, weights, tmp_path):
    data = open_dataset(photos / "train", test=photos / "test")
    done = run(data, recipe(weights, tmp_path / "cache"), tmp_path / "run")
    jobs = [done.job(name, 0, 1) for name in ("net", "net@plain", "net@crop")]
    first, *others = [load_file(job / "checkpoint.safetensors") for job in jobs]
    assert all(np.array_equal(first[key], other[key]) for other in others for key in first)
    assert not (jobs[1] / "history.parquet").exists()
    names = ("net", "net@plain", "net@crop")
    for kind in ("oof", "test"):
        net, plain, crop = (Predictions.load(done.predictions(kind, name)).scores for name in names)
        np.testing.assert_array_equal(net, plain)
        assert not np.allclose(net, crop)
    marked = {path: path.stat().st_mtime_ns for path in (done.root / "jobs").rglob("*.*")}
    run(data, recipe(weights, tmp_path / "cache"), tmp_path / "run")
    assert {path: path.stat().st_mtime_ns for path in (done.root / "jobs").rglob("*.*")} == marked
