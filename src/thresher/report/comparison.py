"""The page of a comparison: the answer, a picture, every metric and class, the photos that changed sides."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from thresher.files import write_text
from thresher.metrics.comparison import CLASS_METRICS, Comparison
from thresher.metrics.scores import LOWER_IS_BETTER
from thresher.report.forest import forest
from thresher.report.jinja import TEMPLATES, environment
from thresher.report.standing import Standing
from thresher.report.summary import score
from thresher.report.thumbnails import Thumbnails
from thresher.report.words import NAMES, listed, percent

PHOTOS, CLASSES, SIDE = 12, 120, 208
"""Photos on each side of a comparison, rows of a table of classes, pixels of a thumbnail."""


def write_comparison(
    path: str | Path,
    standing: Standing,
    photos: Mapping[str, str],
    *,
    title: str = "",
    kind: str = "comparison",
    settings: Sequence[str] | None = None,
) -> Path:
    """Writes one page that opens offline.

    Args:
        path: of the page.
        standing: what it shows.
        photos: image id -> path, for thumbnails; may be empty.
        title: the heading; default: the names.
        kind: what stands over the heading.
        settings: what each of the compared is, where names alone do not say it.

    Raises:
        RunError: the page cannot be written.
    """
    more = len(standing.names) - 3
    heading = title or listed([*standing.names[:3], *([f"{more} more"] if more > 0 else [])])
    content = {
        "title": heading,
        "kind": kind,
        "style": (TEMPLATES / "style.css").read_text(encoding="utf-8"),
        "first": standing.names[0],
        "sentences": [
            f"{text.replace('no ', 'No ', 1) if text.startswith('no ') else text}."
            for text in sentences(standing)
        ],
        "facts": compared(standing),
        "forest": picture(standing),
        "rows": _rows(standing, settings),
        "settings": settings is not None,
        "metrics": list(NAMES.values()),
        "pairs": _pairs(standing, Thumbnails(photos)),
    }
    return write_text(path, environment().get_template("comparison.html").render(**content))


def sentences(standing: Standing) -> list[str]:
    """The answer of each comparison in plain words; where there are several, each says of what."""
    several = len(standing.comparisons) > 1
    return [
        f"{one.names[1]}: {one.sentence}"
        if several and not one.sentence.startswith(f"{one.names[1]} is better")
        else one.sentence
        for one in standing.comparisons
    ]


def points(interval: Mapping[str, Any], name: str = "accuracy") -> tuple[str, str]:
    """A difference and its interval as text: points with one digit, log-losses with three."""
    scale, digits = (1, 3) if name in LOWER_IS_BETTER else (100, 1)
    value, low, high = (interval[key] for key in ("value", "low", "high"))
    if value is None or low is None:
        return "–", ""
    return f"{scale * value:+.{digits}f}", f"{scale * low:+.{digits}f} to {scale * high:+.{digits}f}"


def chance(p: float | None) -> str:
    """A p value as text."""
    return "–" if p is None else "< 0.001" if p < 0.001 else f"{p:.2g}"


def picture(standing: Standing) -> str:
    """A forest plot: of several comparisons their accuracies, of one its metrics that are shares."""
    if len(standing.comparisons) == 1:
        one = standing.comparisons[0]
        rows = [
            (NAMES[name], _hundredfold(interval), one.seen_in(name))
            for name, interval in one.differences.items()
            if name not in LOWER_IS_BETTER
        ]
        return forest("forest", rows, f"points, {one.names[1]} minus {one.names[0]}")
    rows = [
        (one.names[1], _hundredfold(one.differences["accuracy"]), one.seen) for one in standing.comparisons
    ]
    return forest("forest", rows, f"points of accuracy against {standing.names[0]}")


def _hundredfold(interval: Mapping[str, Any]) -> dict[str, float | None]:
    return {key: 100 * float(value or 0.0) for key, value in interval.items()}


def compared(standing: Standing) -> str:
    """What was compared, in one sentence or two."""
    one = standing.comparisons[0]
    text = f"{one.n:,} photos of {len(standing.scores[0].classes):,} classes that all of them scored"
    text += f", in {one.groups:,} groups." if one.groups is not None else "."
    if one.left_out:
        text += f" {one.left_out:,} photos that not all of them scored were left out."
    if one.comparisons > 1:
        text += f" p values are corrected for {one.comparisons} comparisons (Holm)."
    return text


def _rows(standing: Standing, settings: Sequence[str] | None) -> list[dict[str, Any]]:
    """One row for each of the compared: its scores, and its differences from the first."""
    rows = []
    for place, (name, metrics) in enumerate(zip(standing.names, standing.metrics, strict=True)):
        cells = []
        for metric in NAMES:
            cell = score(metric, metrics[metric]) | {"drawn": None, "difference": None}
            if place:
                one = standing.comparisons[place - 1]
                value, span = points(one.differences[metric], metric)
                cell["difference"] = {
                    "text": value,
                    "span": span,
                    "p": chance(one.adjusted[metric]),
                    "mark": _mark(one, metric),
                }
            cells.append(cell)
        what = settings[place] if settings is not None else ""
        rows.append({"name": name, "cells": cells, "best": place == standing.best, "settings": what})
    return rows


def _mark(one: Comparison, metric: str) -> str:
    """Whether a metric is seen to be better or worse."""
    if not one.seen_in(metric):
        return ""
    better = ((one.differences[metric]["value"] or 0.0) > 0) != (metric in LOWER_IS_BETTER)
    return "better" if better else "worse"


def _pairs(standing: Standing, thumbnails: Thumbnails) -> list[dict[str, Any]]:
    """Of each comparison the classes and the photos that changed sides."""
    found = []
    for place, one in enumerate(standing.comparisons, 1):
        classes = sorted(one.per_class.items(), key=lambda item: -abs(item[1]["f1"]["value"] or 0.0))
        a, b = standing.scores[0], standing.scores[place]
        found.append(
            {
                "names": one.names,
                "id": f"pair{place}",
                "classes": [
                    {
                        "name": name,
                        "count": cell["count"],
                        "cells": [_class_cell(cell[m]) for m in CLASS_METRICS],
                    }
                    for name, cell in classes[:CLASSES]
                ],
                "more_classes": max(0, len(classes) - CLASSES),
                "sides": [
                    _changed(
                        f"{one.names[1]} is right, {one.names[0]} is wrong", one.gained, a, b, thumbnails
                    ),
                    _changed(f"{one.names[0]} is right, {one.names[1]} is wrong", one.lost, a, b, thumbnails),
                ],
            }
        )
    return found


def _class_cell(cell: Mapping[str, Any]) -> dict[str, Any]:
    text, span = points(cell)
    adjusted = cell["adjusted"]
    seen = adjusted is not None and adjusted < 0.05
    mark = ("better" if cell["value"] > 0 else "worse") if seen else ""
    return {"a": percent(cell["a"]), "b": percent(cell["b"]), "text": text, "span": span, "mark": mark}


def _changed(title: str, ids: Sequence[str], a: Any, b: Any, thumbnails: Thumbnails) -> dict[str, Any]:
    """Photos that one alone answers right; first those whose label's probability changed most."""
    place = {str(one): row for row, one in enumerate(a.ids)}
    rows = np.array([place[one] for one in ids], dtype=np.int64)
    targets = a.targets[rows]
    change = np.abs(b.scores[rows, targets] - a.scores[rows, targets])
    order = np.argsort(-change, kind="stable")
    photos = []
    for row in rows[order][:PHOTOS]:
        photos.append(
            {
                "id": str(a.ids[row]),
                "picture": thumbnails.get(str(a.ids[row]), SIDE) if thumbnails.paths else None,
                "given": a.labels[row],
                "answers": [
                    (a.classes[one.scores[row].argmax()], percent(one.scores[row].max(), 0)) for one in (a, b)
                ],
            }
        )
    others = [str(a.ids[row]) for row in rows[order][PHOTOS:]]
    return {
        "title": title,
        "count": len(ids),
        "photos": photos,
        "others": others[:400],
        "more": max(0, len(others) - 400),
    }
