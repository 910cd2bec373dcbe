"""The head of the page: the score, what was done in plain words, and whether the score can be believed."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from thresher.inference.views.expand import expand_views
from thresher.inspect.duplicates import copy_sets, exact_duplicates
from thresher.report.facts import Facts
from thresher.report.words import NAMES, count, duration, listed, metric, percent, span


def scores(facts: Facts) -> list[dict[str, Any]]:
    """The metrics of the ensemble, accuracy first: name, value and interval as text, and as shares to
    draw."""
    return [
        {"key": name, "name": NAMES.get(name, name), **score(name, interval)}
        for name, interval in facts.metrics.get("oof", {}).items()
    ]


def score(name: str, interval: Mapping[str, Any]) -> dict[str, Any]:
    """One interval as text and, for shares, as numbers 0 .. 1 to draw."""
    drawn = name != "log_loss" and interval.get("low") is not None
    return {
        "text": metric(name, interval.get("value")),
        "span": span(name, interval),
        "drawn": {key: float(interval[key]) for key in ("value", "low", "high")} if drawn else None,
    }


def set_floor(scores: Sequence[dict[str, Any]]) -> float:
    """Stretches the drawn intervals of a table from the tenth below the lowest to 1; returns that tenth."""
    drawn = [one["drawn"] for one in scores if one["drawn"]]
    floor: float = min([math.floor(10 * one["low"]) / 10 for one in drawn] + [0.9])
    for one in drawn:
        one |= {key: (value - floor) / (1 - floor) for key, value in one.items()}
    return floor


def done(facts: Facts) -> str:
    """One sentence or two: photos, classes, folds, models, views, time."""
    photos = len(facts.oof) if facts.oof is not None else int(facts.dataset.labelled.sum())
    models = facts.recipe.get("models", {})
    text = f"{count(photos, 'labelled photo')} of {count(len(facts.dataset.classes), 'class', 'classes')}"
    folds = 0 if facts.fold is None else len(np.unique(facts.fold[facts.fold >= 0]))
    if folds == 1:
        text += ", scored on photos held out of training"
    elif folds:
        text += f", in {count(folds, 'fold')}: every photo was scored by models that never saw it"
    text += ". "
    if models:
        text += f"{_models(models)}. "
    if facts.oof is not None:
        share = np.bincount(facts.oof.targets, minlength=len(facts.oof.classes)) / photos
        text += (
            f"Always answering {facts.oof.classes[share.argmax()]} would be right in {percent(share.max())}. "
        )
    spent = facts.metrics.get("budget", {}).get("spent")
    seconds = spent or sum(float(value) for value in facts.metrics.get("seconds", {}).values())
    return text + (f"The run took {duration(seconds)}." if seconds else "")


def _models(models: Mapping[str, Any]) -> str:
    """What the models are and how they look at a photo."""
    words = []
    for name, section in list(models.items())[:4]:
        stages = section.get("stages") or [{}]
        how = (
            "fine-tuned"
            if any(stage.get("kind") == "train" for stage in stages)
            else "frozen, with a linear head"
        )
        views = [{"name": view} if isinstance(view, str) else view for view in section.get("views", [])]
        names = list(dict.fromkeys(str(view.get("name")) for view in views))
        shown = expand_views(views)
        look = f" in {count(len(shown), 'view')} ({listed(names)})" if shown else ""
        side = section.get("image_size")
        sides = sorted({view.size(side) for view in shown}) if side else []
        size = listed([str(one) for one in sides or [side]]) if side else ""
        words.append(
            f"model {name} ({section.get('backbone', 'backbone')}, {how}) looked at photos"
            f"{f' of {size} pixels' if size else ''}{look}"
        )
    if len(models) > 4:
        words.append(f"{len(models) - 4} more models did likewise")
    text = "; ".join(words)
    return text[0].upper() + text[1:] + ("; their probabilities were averaged" if len(models) > 1 else "")


def _steps(facts: Facts) -> dict[str, str] | None:
    """Whether a budget chose among steps by the score that is shown."""
    steps = facts.metrics.get("budget", {}).get("steps", [])
    tried = sum(step["together"] is not None for step in steps)
    if tried < 2:
        return None
    text = f"Which of {tried} steps stay was decided by these scores: they may be a little too good."
    return mark("warn", text)


def honesty(facts: Facts) -> list[dict[str, str]]:
    """Reasons to believe the score, or not: ``mark`` is good, warn or bad."""
    found = []
    if facts.fold is not None:
        found.append(_groups(facts))
    copies = _copies(facts)
    if copies:
        found.append(copies)
    rows = 0 if facts.oof is None else len(facts.oof)
    labelled = int((facts.dataset.labelled & facts.dataset.usable).sum())
    if rows and rows < labelled:
        found.append(
            mark("warn", f"{count(rows, 'photo')} of {labelled:,} readable labelled ones were scored.")
        )
    elif rows:
        found.append(mark("good", f"All {count(rows, 'readable labelled photo')} were scored, each once."))
    chosen = [
        name
        for name, model in facts.recipe.get("models", {}).items()
        if any((stage.get("select") or {}).get("on") == "fold" for stage in model.get("stages", []))
    ]
    if chosen:
        found.append(
            mark(
                "warn",
                f"The epoch of {listed(chosen)} was chosen on the fold that scores it: the score is a little "
                "too good. Choose on inner photos (select: {on: inner}) for one that can be believed.",
            )
        )
    steps = _steps(facts)
    if steps:
        found.append(steps)
    naive = facts.metrics.get("ensemble", {}).get("naive", {}).get("accuracy", {}).get("value")
    if naive is not None:
        name = facts.recipe.get("ensemble", {}).get("name", "")
        found.append(
            mark(
                "good",
                f"In each fold the ensemble ({name}) was fitted on the other folds. Fitted on the photos "
                f"that it is scored on, it would look like {metric('accuracy', naive)}.",
            )
        )
    few = [name for name, one in facts.metrics.get("per_class", {}).items() if one.get("count", 0) < 10]
    if few:
        names = listed([*few[:3], f"{len(few) - 3:,} more"]) if len(few) > 4 else listed(few)
        found.append(mark("warn", f"Fewer than 10 scored photos stand behind the numbers of {names}."))
    if rows:
        found.append(
            mark(
                "good",
                "Intervals are 95 % bootstrap intervals over "
                + ("groups." if facts.has_groups else "photos."),
            )
        )
    return found


def _groups(facts: Facts) -> dict[str, str]:
    """The leak check, made again from the files."""
    if not facts.has_groups:
        return mark(
            "warn",
            "No group column: photos of one person, plant or scene may stand in two folds. If there are such "
            "photos, name the column with --set data.group=COLUMN.",
        )
    groups = facts.dataset.frame["group"]
    fold = pd.Series(facts.fold, index=groups.index)
    spread = fold[fold >= 0].groupby(groups).nunique()
    leaks = int((spread > 1).sum())
    if leaks:
        return mark(
            "bad", f"{count(leaks, 'group')} of {len(spread):,} stand in two folds: the score is too good."
        )
    return mark("good", f"None of the {len(spread):,} groups stands in two folds.")


def _copies(facts: Facts) -> dict[str, str] | None:
    """Copies of one photo in two folds, where the content of photos is known; near copies too, where they
    were looked for."""
    content = contents(facts)
    if facts.fold is None or (content is None and facts.copies is None):
        return None
    where = dict(zip(facts.dataset.ids, facts.fold, strict=True))
    if facts.copies is None:
        sets, kind = exact_duplicates(facts.dataset, content if content is not None else ()), "exact copies"
    else:
        sets, kind = copy_sets(facts.dataset, facts.copies), "copies, exact or near,"
    labelled = set(facts.dataset.ids[facts.dataset.labelled])
    folds = [{where[one] for one in same.ids if one in labelled} for same in sets]
    leaks = sum(len(some) > 1 for some in folds)
    if leaks:
        text = f"{count(leaks, 'photo')} with {kind} in more than one fold: easier than new photos."
        return mark("warn", text)
    found = "No exact copy of a photo stands in another fold."
    if facts.copies is not None:
        found = "No copy of a photo, exact or near, stands in another fold."
        moved = facts.metrics.get("leak", {}).get("rows_moved", 0)
        if moved:
            found += f" {count(moved, 'photo')} had to move for that."
    return mark("good", found)


def contents(facts: Facts) -> np.ndarray | None:
    """Hash of each photo's content (N,), where the run saved it."""
    found = facts.dataset.frame["content"] if "content" in facts.dataset.frame else facts.extra.get("content")
    return None if found is None or len(found) != len(facts.dataset) else np.asarray(found, dtype=object)


def mark(mark: str, text: str) -> dict[str, str]:
    """One reason: ``mark`` is good, warn or bad."""
    return {"mark": mark, "text": text}
