"""A made run folder with suspicious labels: drawn photos, known wrong labels, features and scores."""

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from thresher.dataset.store import save_dataset
from thresher.dataset.table import Dataset
from thresher.files import write_text
from thresher.predictions import Predictions
from thresher.run_folder import RunFolder

CLASSES = ("circle", "square", "triangle")
HOSTILE = (
    "<script>window.hacked=1</script>.jpg",
    '"><img src=x onerror="window.hacked=1">.jpg',
    "..%2f..%2fetc%2fpasswd",
    "line\nbreak.jpg",
    "quote ' \" & co é 马.jpg",
    "{{ 7 * 7 }}.jpg",
    "javascript:window.hacked=1",
    "=cmd|' /c calc'!A0.jpg",
)
"""Image ids; their files have plain names. More ids, and class names, come from the tests."""


def draw(kind, seed, side=72):
    """A shape in a colour of its own on a ground of its own."""
    rng = np.random.default_rng(seed)
    ground, ink = (int(value) for value in rng.choice([40, 90, 140, 190, 240], 2, replace=False))
    image = Image.new("RGB", (side, side), (ground, 255 - ground // 2, 200))
    pen, (x, y, size) = (
        ImageDraw.Draw(image),
        (rng.integers(14, 26), rng.integers(14, 26), rng.integers(24, 34)),
    )
    colour = (ink, 40, 255 - ink)
    box = (int(x), int(y), int(x + size), int(y + size))
    if kind == "circle":
        pen.ellipse(box, fill=colour)
    elif kind == "square":
        pen.rectangle(box, fill=colour)
    else:
        pen.polygon([(box[0], box[3]), (box[2], box[3]), ((box[0] + box[2]) // 2, box[1])], fill=colour)
    return image


def make_review_run(
    root, photos=130, classes=CLASSES, ids=None, seed=0, wrong=0.5, files=True, embeddings=True, scores=True
):
    """A run folder that `thresher review` can open.

    Half of the photos (``wrong``) carry a wrong label, whose probability is high; the rest a right one.
    """
    rng = np.random.default_rng(seed)
    folder = RunFolder(root)
    truth = rng.integers(0, len(classes), photos)
    is_wrong = rng.random(photos) < wrong
    given = np.where(
        is_wrong, (truth + 1 + rng.integers(0, max(1, len(classes) - 1), photos)) % len(classes), truth
    )
    is_wrong = given != truth
    ids = list(ids) if ids is not None else []
    ids += [f"photos/{row:04d}.jpg" for row in range(len(ids), photos)]
    places = [root.parent / "photos" / f"{row:04d}.jpg" for row in range(photos)]
    if files:
        (root.parent / "photos").mkdir(parents=True, exist_ok=True)
        for row, path in enumerate(places):
            draw(CLASSES[truth[row] % len(CLASSES)], row).save(path, quality=90)
    names = np.array(classes, dtype=object)
    frame = pd.DataFrame(
        {
            "image_id": ids,
            "path": [str(path) for path in places],
            "label": names[given],
            "group": None,
            "source": None,
            "split": "train",
            "weight": 1.0,
            "status": "ok",
            "reason": None,
        }
    )
    save_dataset(Dataset(frame, tuple(classes)), folder.dataset, {"fingerprint": f"{seed}-{photos}"})
    write_text(folder.recipe, "name: quick\n")
    raw = rng.gamma(0.4, size=(photos, len(classes))) * 0.2 + 0.02
    raw[np.arange(photos), truth] += 1.5
    values = raw / raw.sum(1, keepdims=True)
    if scores:
        Predictions(
            np.array(ids, object), values, tuple(classes), "oof", names[given], np.zeros(photos, np.int64)
        ).save(folder.predictions("oof"))
    others = values.copy()
    others[np.arange(photos), given] = -1
    suggested = others.argmax(1)
    chance = np.where(is_wrong, 0.55 + 0.44 * rng.random(photos), 0.4 * rng.random(photos))
    order = np.argsort(-chance, kind="stable")
    rank = np.empty(photos, np.int64)
    rank[order] = np.arange(1, photos + 1)
    folder.labels.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(
        {
            "image_id": ids,
            "given": names[given],
            "suggested": names[suggested],
            "probability": chance,
            "rank": rank,
            "confident": chance + rng.normal(0, 0.05, photos),
            "neighbours": chance + rng.normal(0, 0.1, photos),
            "cluster": np.full(photos, -1),
        }
    ).to_parquet(folder.issues)
    if embeddings:
        centres = rng.normal(size=(len(classes), 16))
        features = (centres[truth] + 0.4 * rng.normal(size=(photos, 16))).astype(np.float32)
        np.save(folder.embeddings, features)
    return folder
