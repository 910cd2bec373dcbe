"""Which photos deserve a look: answers that are confidently wrong, and answers that hang in the balance."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from thresher.labels.confident_learning import contradicted
from thresher.predictions import Predictions
from thresher.report.facts import Facts
from thresher.report.thumbnails import Thumbnails
from thresher.report.words import percent
from thresher.seeds import generator

WORST, UNCERTAIN = 36, 18
SAMPLE_CLASSES, SAMPLE_PHOTOS = 24, 96
LARGE, SMALL = 208, 128
"""Longer sides of thumbnails, pixels: twice what they measure on the page, for sharp screens."""


def doubted(scores: Predictions) -> np.ndarray:
    """Rows (N,), bool, whose given label the scores contradict by the rule of confident learning."""
    return contradicted(scores.targets, scores.scores)


def worst(scores: Predictions, thumbnails: Thumbnails) -> dict[str, Any]:
    """The wrong answers, confidently wrong first.

    Returns:
        ``photos`` to show, ``wrong`` answers in all, ``doubted`` labels in all, ``more`` that are not shown.
    """
    targets, rows = scores.targets, np.arange(len(scores))
    answers = scores.scores.argmax(1)
    margin = scores.scores[rows, answers] - scores.scores[rows, targets]
    wrong = np.flatnonzero(answers != targets)
    order = wrong[np.argsort(-margin[wrong], kind="stable")]
    doubt = doubted(scores)
    photos = [
        {
            **_photo(scores, row, thumbnails, LARGE),
            "given": scores.classes[targets[row]],
            "given_p": percent(scores.scores[row, targets[row]], 0),
            "answer": scores.classes[answers[row]],
            "answer_p": percent(scores.scores[row, answers[row]], 0),
            "doubted": bool(doubt[row]),
        }
        for row in order[:WORST]
    ]
    return {
        "photos": photos,
        "wrong": len(wrong),
        "doubted": int(doubt.sum()),
        "more": len(wrong) - len(photos),
    }


def uncertain(scores: Predictions, thumbnails: Thumbnails) -> list[dict[str, Any]]:
    """The photos whose probabilities are spread the widest (largest entropy), right or wrong."""
    if len(scores.classes) < 2:
        return []
    entropy = np.zeros(len(scores))
    for block in _blocks(len(scores)):
        clipped = np.clip(scores.scores[block], 1e-15, 1)
        entropy[block] = -(clipped * np.log(clipped)).sum(1)
    targets = scores.targets
    found = []
    for row in np.argsort(-entropy, kind="stable")[:UNCERTAIN]:
        first, second = np.argsort(-scores.scores[row], kind="stable")[:2]
        found.append(
            {
                **_photo(scores, row, thumbnails, LARGE),
                "given": scores.classes[targets[row]],
                "right": bool(first == targets[row]),
                "first": scores.classes[first],
                "first_p": percent(scores.scores[row, first], 0),
                "second": scores.classes[second],
                "second_p": percent(scores.scores[row, second], 0),
            }
        )
    return found


def sample_sheet(facts: Facts, thumbnails: Thumbnails) -> dict[str, Any]:
    """A few photos of each class, drawn with a fixed seed; the largest classes where there are many.

    Returns:
        ``classes`` with name, count and photos, and how many classes are ``more`` than are shown.
    """
    dataset = facts.dataset
    counts = np.bincount(dataset.targets[dataset.labelled], minlength=len(dataset.classes))
    present = [index for index in np.argsort(-counts, kind="stable") if counts[index]]
    shown = sorted(present[:SAMPLE_CLASSES])
    each = int(np.clip(SAMPLE_PHOTOS // max(len(shown), 1), 3, 8))
    found = []
    for index in shown:
        rows = np.flatnonzero((dataset.targets == index) & dataset.labelled & dataset.usable)
        if len(rows) > each:
            rows = np.sort(generator(0, "sample sheet", int(index)).choice(rows, each, replace=False))
        ids: Sequence[str] = [dataset.ids[row] for row in rows]
        photos = [{"id": image_id, "picture": thumbnails.get(image_id, SMALL)} for image_id in ids]
        found.append({"name": dataset.classes[index], "count": int(counts[index]), "photos": photos})
    return {"classes": found, "more": len(present) - len(shown)}


def _blocks(rows: int, size: int = 4096) -> Iterator[slice]:
    """Some rows at a time: scores of thousands of classes are not copied whole."""
    return (slice(start, start + size) for start in range(0, rows, size))


def _photo(scores: Predictions, row: int, thumbnails: Thumbnails, side: int) -> dict[str, Any]:
    image_id = str(scores.ids[row])
    fold = -1 if scores.folds is None else int(scores.folds[row])
    return {"id": image_id, "fold": fold, "picture": thumbnails.get(image_id, side)}
