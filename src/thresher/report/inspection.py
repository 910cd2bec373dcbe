"""What the photos are like: copies, plain facts with the extreme photos, drift, class ratios."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from thresher.dataset.table import Dataset
from thresher.inspect.drift import HARDLY, Drift
from thresher.inspect.duplicates import Duplicate
from thresher.inspect.photo_facts import FACTS, extremes
from thresher.inspect.ratios import class_ratios
from thresher.predictions import Predictions
from thresher.report.photos import SMALL
from thresher.report.thumbnails import Thumbnails
from thresher.report.words import count, listed, percent

SETS, OF_SET, EXTREME, TELLING, RATIOS = 24, 4, 6, 6, 40
"""Sets of copies that are shown, photos of each, photos at either end of a fact, photos that give a source
away, classes in the table of ratios."""
BARS = 32
"""Bars of a histogram."""
ENDS = {
    "brightness": ("the darkest", "the brightest"),
    "contrast": ("the dullest", "the harshest"),
    "sharpness": ("the most blurred or plain", "the sharpest"),
    "colourfulness": ("the greyest", "the most colourful"),
    "closeness": ("far, or many small things", "near, or few large things"),
}
WAYS = {
    "exact": "same file",
    "copy": "resized, re-compressed or otherwise lit",
    "flipped": "mirrored or turned",
    "crop": "cropped",
    "altered": "altered, or photographed again",
}


def copies(sets: Sequence[Duplicate], dataset: Dataset, thumbnails: Thumbnails) -> dict[str, Any]:
    """The sets of copies with their photos, the harmful ones first."""
    ordered = sorted(
        sets, key=lambda one: (not one.labels_differ, not one.in_train_and_test, one.exact, -len(one.ids))
    )
    rows = dict(zip(dataset.ids, dataset.frame[["label", "split"]].itertuples(index=False), strict=True))
    shown = [
        {
            "photos": [
                {
                    "id": image_id,
                    "label": rows[image_id].label,
                    "split": rows[image_id].split,
                    "picture": thumbnails.get(image_id, SMALL),
                }
                for image_id in one.ids[:OF_SET]
            ],
            "more": max(0, len(one.ids) - OF_SET),
            "ways": listed([WAYS[kind] for kind in one.kinds]),
            "labels_differ": one.labels_differ,
            "both": one.in_train_and_test,
        }
        for one in ordered[:SETS]
    ]
    kinds = [(WAYS[kind], sum(kind in one.kinds for one in sets)) for kind in WAYS]
    return {
        "sets": shown,
        "count": len(sets),
        "near": sum(not one.exact for one in sets),
        "photos": sum(len(one.ids) for one in sets),
        "differ": sum(one.labels_differ for one in sets),
        "leaks": sum(one.in_train_and_test for one in sets),
        "kinds": [(words, number) for words, number in kinds if number],
        "more": max(0, len(sets) - SETS),
    }


def leak(facts: dict[str, Any]) -> str:
    """What was measured of folds that part near copies; empty where it was not asked for.

    Args:
        facts: ``leak`` of metrics.json.
    """
    if "accuracy" not in facts:
        return ""
    before, after = facts["accuracy"], facts["accuracy_with_leak"]
    text = (
        f"With near copies in other folds the accuracy would have been {percent(after['value'])} instead of "
        f"{percent(before['value'])}"
    )
    of_copies = [facts.get(f"accuracy_of_copies{suffix}", {}).get("value") for suffix in ("", "_with_leak")]
    if None not in of_copies:
        text += f", of the copies alone {percent(of_copies[1])} instead of {percent(of_copies[0])}"
    if "difference" in facts:
        low, high = (100 * facts["difference"][key] for key in ("low", "high"))
        text += f" (a difference of {low:+.1f} to {high:+.1f} points)"
    return f"{text}; measured with a linear head on frozen features of {facts['model']}."


def photo_facts(facts: pd.DataFrame | None, dataset: Dataset, thumbnails: Thumbnails) -> list[dict[str, Any]]:
    """Per fact its histogram, quantiles, and the photos at both ends.

    Args:
        facts: columns as `FACTS`, indexed by row; None where they were not measured.
        dataset: N photos.
        thumbnails: of its photos.
    """
    if facts is None or not len(facts):
        return []
    found = []
    for name, how in FACTS.items():
        values = facts[name].to_numpy(dtype=np.float64)
        low, high = np.quantile(values, (0.005, 0.995))
        heights = np.histogram(values.clip(low, high), bins=BARS, range=(low, max(high, low + 1e-9)))[0]
        ends = [
            {"words": words, "photos": _photos(dataset, rows, thumbnails)}
            for words, rows in zip(ENDS[name], extremes(facts, name, EXTREME), strict=True)
        ]
        quantiles = np.quantile(values, (0.05, 0.5, 0.95))
        found.append(
            {
                "name": name,
                "how": how,
                "bars": [float(height / max(heights.max(), 1)) for height in heights],
                "quantiles": [_short(value) for value in quantiles],
                "range": [_short(low), _short(high)],
                "ends": [end for end in ends if end["photos"]],
            }
        )
    return found


def drift(drifts: Sequence[Drift], dataset: Dataset, thumbnails: Thumbnails) -> list[dict[str, Any]]:
    """Per pair of sources the answer in words, the AUC, and the photos that give each away."""
    found = []
    for one in drifts:
        sides = [
            {"name": name, "photos": _photos(dataset, rows, thumbnails)}
            for name, rows in zip(one.names, one.telling(TELLING), strict=True)
        ]
        # Where hardly anything tells two sources apart, photos that do so mean nothing.
        found.append(
            {
                "text": one.sentence,
                "drawn": {key: max(0.0, 2 * value - 1) for key, value in _interval(one).items()},
                "sides": sides if one.auc >= HARDLY else [],
            }
        )
    return found


def ratios(test: Predictions | None, dataset: Dataset) -> dict[str, Any] | None:
    """Class shares of training labels and of test answers, the largest differences first."""
    targets = dataset.targets[dataset.labelled]
    if test is None or not len(test) or not len(targets) or test.classes != dataset.classes:
        return None
    found = class_ratios(test.scores, targets, dataset.classes)
    table = found.table.iloc[np.argsort(-(found.table["test"] - found.table["train"]).abs(), kind="stable")]
    top = float(max(table["high"].max(), table["train"].max(), 1e-9))
    rows = [
        {
            "name": row["class"],
            "train": percent(row["train"]),
            "test": {
                "text": percent(row["test"]),
                "span": f"{100 * row['low']:.1f} to {percent(row['high'])}",
                "drawn": {"value": row["test"] / top, "low": row["low"] / top, "high": row["high"] / top},
            },
            "mark": row["train"] / top,
            "differs": bool(row["differs"]),
        }
        for row in table.head(RATIOS).to_dict("records")
    ]
    return {
        "rows": rows,
        "more": max(0, len(table) - RATIOS),
        "text": found.sentence,
        "top": percent(top, 0),
        "photos": count(len(test), "test photo"),
    }


def _short(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _interval(one: Drift) -> dict[str, float]:
    return {"value": one.auc, "low": one.low, "high": one.high}


def _photos(dataset: Dataset, rows: np.ndarray, thumbnails: Thumbnails) -> list[dict[str, Any]]:
    labels = dataset.frame["label"].to_numpy(dtype=object)
    return [
        {
            "id": str(dataset.ids[row]),
            "label": labels[row],
            "picture": thumbnails.get(str(dataset.ids[row]), SMALL),
        }
        for row in rows
    ]
