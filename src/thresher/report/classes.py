"""Classes: how many photos each has, how well each is recognised, and what it is taken for."""

from typing import Any

import numpy as np

from thresher.predictions import Predictions
from thresher.report.facts import Facts
from thresher.report.summary import score, set_floor
from thresher.report.words import percent

COUNTS, ROWS, PAIRS = 40, 120, 40
"""Rows of the table of counts, of the table of scores, of the table of mistaken pairs."""
HEAT = 30
"""Largest number of classes that a heat map shows."""


def class_counts(facts: Facts) -> dict[str, Any]:
    """Labelled photos per class, largest first, beside the share of the test answers.

    Returns:
        ``rows``, how many classes are ``more``, ``imbalance`` (largest to smallest present; 0 without
        labels), ``empty`` classes, and whether there are ``test`` answers.
    """
    dataset = facts.dataset
    counts = np.bincount(dataset.targets[dataset.labelled], minlength=len(dataset.classes))
    total, most = max(int(counts.sum()), 1), max(int(counts.max(initial=0)), 1)
    test = None
    if facts.test is not None and len(facts.test) and facts.test.classes == dataset.classes:
        test = np.bincount(facts.test.scores.argmax(1), minlength=len(counts)) / len(facts.test)
    order = np.argsort(-counts, kind="stable")
    rows = [
        {
            "name": dataset.classes[index],
            "count": int(counts[index]),
            "width": counts[index] / most,
            "share": percent(counts[index] / total),
            "test": None if test is None else percent(test[index]),
        }
        for index in order[:COUNTS]
    ]
    present = counts[counts > 0]
    return {
        "rows": rows,
        "more": len(counts) - len(rows),
        "smallest": int(counts[order[-1]]) if len(order) else 0,
        "imbalance": float(present.max() / present.min()) if len(present) else 0.0,
        "empty": int((counts == 0).sum()),
        "test": test is not None,
    }


def class_scores(facts: Facts) -> dict[str, Any]:
    """Recall, precision and F1 per class with intervals, the weakest F1 first, undefined ones last."""
    per_class = facts.metrics.get("per_class", {})

    def weakest(item: tuple[str, dict[str, Any]]) -> tuple[bool, float]:
        value = item[1].get("f1", {}).get("value")
        return value is None, value or 0.0

    ordered = sorted(per_class.items(), key=weakest)
    rows = [
        {"name": name, "count": one.get("count", 0)}
        | {key: score(key, one.get(key, {})) for key in ("recall", "precision", "f1")}
        for name, one in ordered[:ROWS]
    ]
    floor = set_floor([row[key] for row in rows for key in ("recall", "precision", "f1")])
    return {"rows": rows, "more": len(ordered) - len(rows), "floor": percent(floor, 0)}


def confusion(scores: Predictions) -> dict[str, Any]:
    """The heat map's cells for up to ``HEAT`` classes, and the pairs that are mistaken most often.

    Returns:
        ``heat``: rows of cells with count, row share and text; None for more classes. ``pairs``: given,
        answer, count, share of the given class. ``more``: pairs that are not listed.
    """
    classes = len(scores.classes)
    targets, answers = scores.targets, scores.scores.argmax(1)
    support = np.bincount(targets, minlength=classes)
    cells, counts = np.unique(targets * classes + answers, return_counts=True)
    wrong = cells // classes != cells % classes
    order = np.argsort(-counts[wrong], kind="stable")
    shown = 10 if classes <= HEAT else PAIRS
    pairs = [
        {
            "given": scores.classes[cell // classes],
            "answer": scores.classes[cell % classes],
            "count": int(number),
            "share": percent(number / support[cell // classes]),
        }
        for cell, number in zip(cells[wrong][order][:shown], counts[wrong][order], strict=False)
    ]
    heat = None
    if classes <= HEAT:
        table = np.zeros((classes, classes), np.int64)
        table.flat[cells] = counts
        heat = [
            {
                "name": scores.classes[given],
                "count": int(support[given]),
                "cells": [
                    _cell(table[given, answer], support[given], given == answer) for answer in range(classes)
                ],
            }
            for given in range(classes)
        ]
    return {"heat": heat, "pairs": pairs, "more": int(wrong.sum()) - len(pairs), "names": scores.classes}


def _cell(count: int, support: int, right: bool) -> dict[str, Any]:
    share = float(count / support) if support else 0.0
    return {"count": int(count), "share": share, "text": percent(share), "right": bool(right)}
