"""A made run folder: made photos, simulated scores, and everything that a finished run leaves."""

import json

import numpy as np
import pandas as pd
import yaml
from PIL import Image

from thresher.dataset.store import save_dataset
from thresher.dataset.table import Dataset
from thresher.files import write_json, write_text
from thresher.metrics.intervals import intervals, per_class
from thresher.predictions import Predictions, mean
from thresher.run_folder import RunFolder

NAMES = ("dog", "elephant", "<script>alert(1)</script>", "guitar & bow", "house", "person", "$x^2$ 马")


def simulate(dataset, rows, seed, skill=2.2):
    """Scores of a plausible model for some rows."""
    rng = np.random.default_rng(seed)
    targets = np.maximum(dataset.targets[rows], 0)
    raw = rng.normal(size=(len(rows), len(dataset.classes)))
    raw[np.arange(len(rows)), targets] += skill
    raw = np.exp(raw)
    return raw / raw.sum(1, keepdims=True)


def make_dataset(folder, photos=140, test=20, names=NAMES, group=False, files=True):
    """A data set with one broken and one missing photo, one photo whose file is gone, and some copies."""
    rng = np.random.default_rng(0)
    share = 1 / np.arange(1, len(names) + 1) ** 0.6
    labels = np.array(names, dtype=object)[rng.choice(len(names), photos, p=share / share.sum())]
    labels[: len(names)] = names
    ids = [f"photo {row:04d}, é.jpg" for row in range(photos + test)]
    folder.mkdir(parents=True, exist_ok=True)
    for row, image_id in enumerate(ids if files else []):
        if row == 5:
            continue
        width, height = rng.integers(40, 90, 2)
        pixels = rng.integers(0, 60, (height, width, 3)) + rng.integers(0, 190, 3)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / image_id, quality=90)
    frame = pd.DataFrame(
        {
            "image_id": ids,
            "path": [str(folder / image_id) for image_id in ids],
            "label": list(labels) + [None] * test,
            "group": [f"p{row // 3}" if group else None for row in range(photos + test)],
            "source": None,
            "split": ["train"] * photos + ["test"] * test,
            "weight": 1.0,
            "status": "ok",
            "reason": None,
            "content": [f"{row:04x}" for row in range(photos + test)],
        }
    )
    frame.loc[3, ["status", "reason", "content"]] = ["broken", "truncated: <b>the end</b> is missing", None]
    if test:
        frame.loc[photos, ["status", "reason", "content"]] = ["missing", "no such file", None]
        frame.loc[10, "content"] = frame.loc[photos + 1, "content"]
    return Dataset(frame, tuple(names), ("2 files have no row in the table.",))


def history(epochs, stage, seed):
    """A learning curve."""
    rng = np.random.default_rng(seed)
    steps = np.arange(1, epochs + 1)
    return pd.DataFrame(
        {
            "stage": stage,
            "epoch": steps,
            "train_loss": 1.6 * np.exp(-steps / 3) + 0.25 + rng.normal(0, 0.02, epochs),
            "valid_loss": 1.5 * np.exp(-steps / 3) + 0.45 + rng.normal(0, 0.03, epochs),
            "valid_accuracy": 0.9 - 0.5 * np.exp(-steps / 2) + rng.normal(0, 0.01, epochs),
            "lr": 1e-3,
            "seconds": 1.0,
            "photos_per_second": 50.0,
        }
    )


def make_run(root, dataset, models=("lite0", "mobile.v2"), curves=True, test=True, folds=5, resamples=200):
    """Writes the run folder of a data set."""
    run = RunFolder(root)
    rows = np.flatnonzero(dataset.labelled & dataset.usable)
    fold = np.arange(len(rows)) % folds
    if dataset.frame["group"].notna().any():
        fold = pd.factorize(dataset.frame["group"].iloc[rows])[0] % folds
    save_dataset(dataset, run.dataset, {"fingerprint": "0123abcd"})
    run.folds.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame({"image_id": dataset.ids[rows], "fold": fold}).to_parquet(run.folds)
    labels = dataset.frame["label"].to_numpy(dtype=object)
    parts = []
    for number, model in enumerate(models):
        scores = simulate(dataset, rows, number)
        part = Predictions(dataset.ids[rows], scores, dataset.classes, "oof", labels[rows], fold)
        part.save(run.predictions("oof", model))
        parts.append(part)
        for k in range(folds if curves else 0):
            frame = pd.concat([history(2, 0, k), history(6, 1, 9 * number + k)])
            path = run.job(model, 0, k) / "history.parquet"
            path.parent.mkdir(parents=True)
            frame.to_parquet(path)
    oof = mean(parts)
    oof.save(run.predictions("oof"))
    if test:
        hidden = np.flatnonzero(dataset.is_test)
        scores = simulate(dataset, hidden, 9)
        Predictions(dataset.ids[hidden], scores, dataset.classes, "test").save(run.predictions("test"))
    metrics = {
        "oof": intervals(oof, resamples, 0),
        "models": {model: intervals(part, resamples, 0) for model, part in zip(models, parts, strict=True)},
        "classes": list(dataset.classes),
        "per_class": per_class(oof, resamples, 0),
        "photos": {"train": len(rows), "test": int(dataset.is_test.sum()), "unlabelled": 0, "broken": 2},
        "speed": {"lite0": {"training_photos_per_second": 44.2}, "engine": "openvino bf16"},
        "seconds": {"read": 2.41, "features": 21.0, "fit": 14.2, "test": 5.0},
    }
    write_json(run.metrics, metrics)
    recipe = {
        "name": "quick",
        "seed": 0,
        "models": {
            model: {
                "backbone": "tf_efficientnet_lite0",
                "image_size": 224,
                "stages": [{"kind": "linear"}, {"kind": "train", "epochs": 8}],
                "views": [{"name": "plain"}, {"name": "hflip"}],
            }
            for model in models
        },
    }
    write_text(run.recipe, yaml.safe_dump(recipe, sort_keys=False))
    environment = {"python": "3.11", "packages": {"torch": "2.14.1", "numpy": "2.4.0"}, "cpu": "2 cores"}
    write_json(run.environment, environment)
    events = [json.dumps({"stage": f"s{i}", "seconds": i}) for i in range(5)]
    write_text(run.log, "\n".join(events) + '\n{"half')
    return run
