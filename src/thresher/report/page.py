"""The page: every section's facts, set by one template into one file that opens offline."""

from itertools import groupby
from pathlib import Path
from typing import Any

from thresher.files import write_text
from thresher.inspect.duplicates import copy_sets, exact_duplicates
from thresher.report import charts, classes, confidence, inspection, photos, repairs, summary
from thresher.report.facts import Facts, read_facts
from thresher.report.jinja import environment, style
from thresher.report.label_sheet import doubts
from thresher.report.thumbnails import Thumbnails
from thresher.report.words import NAMES, duration, flat
from thresher.run_folder import RunFolder

MODELS, CURVES, BROKEN, FACTS, EVENTS = 40, 8, 100, 200, 60
"""Most rows of each table, models with curves, and lines of the log that the page shows."""
TEXT = 60_000
"""Most characters of the recipe that the page shows."""


def write_report(run: RunFolder) -> Path:
    """Writes ``report.html`` from the files of a run folder; photos are opened for thumbnails only.

    Args:
        run: the folder; all but the recipe and the data set may still be absent.

    Returns:
        the page's path.

    Raises:
        RunError: the run stopped before the data set was read, or the page cannot be written.
    """
    return write_text(run.report, render(read_facts(run)))


def render(facts: Facts) -> str:
    """The page as HTML; everything that comes from data is escaped."""
    return str(environment().get_template("page.html").render(**content(facts)))


def content(facts: Facts) -> dict[str, Any]:
    """What the template is given; a section that has nothing to say is None or empty."""
    thumbnails = Thumbnails(facts.paths)
    oof = facts.oof
    speed = list(flat(facts.metrics.get("speed", {})))
    return {
        "name": facts.name,
        "recipe_name": facts.recipe.get("name", ""),
        "style": style(),
        "scores": summary.scores(facts),
        "corrected": repairs.corrected(facts),
        "done": summary.done(facts) + " " + repairs.repaired(facts),
        "honesty": summary.honesty(facts) + repairs.honesty(facts),
        "doubts": doubts(facts, thumbnails),
        "worst": None if oof is None else photos.worst(oof, thumbnails),
        "uncertain": [] if oof is None else photos.uncertain(oof, thumbnails),
        "class_scores": classes.class_scores(facts),
        "confusion": None if oof is None else classes.confusion(oof),
        "models": _models(facts),
        "curves": _curves(facts),
        "calibration": confidence.calibration(facts),
        **data_content(facts, thumbnails),
        "seconds": [
            (name, duration(float(value))) for name, value in facts.metrics.get("seconds", {}).items()
        ],
        "budget": _budget(facts),
        "speed": [(key.replace("_", " ").replace(".", " · "), text) for key, text in speed[:FACTS]],
        "environment": list(flat(facts.environment))[:FACTS],
        "recipe": facts.recipe_text[:TEXT],
        "recipe_cut": len(facts.recipe_text) > TEXT,
        "events": [line[:400] for line in facts.events[-EVENTS:]],
    }


def data_content(facts: Facts, thumbnails: Thumbnails) -> dict[str, Any]:
    """What the section about the data is given."""
    dataset, content = facts.dataset, summary.contents(facts)
    sets = None if content is None else exact_duplicates(dataset, content)
    if facts.copies is not None:
        sets = copy_sets(dataset, facts.copies)
    return {
        "notes": dataset.notes,
        "counts": classes.class_counts(facts),
        "sample": photos.sample_sheet(facts, thumbnails),
        "broken": _broken(facts),
        "copies": None if sets is None else inspection.copies(sets, dataset, thumbnails),
        "near_known": facts.copies is not None,
        "leak": inspection.leak(facts.metrics.get("leak", {})),
        "photo_facts": inspection.photo_facts(facts.photo_facts, dataset, thumbnails),
        "drift": inspection.drift(facts.drifts, dataset, thumbnails),
        "ratios": inspection.ratios(facts.test, dataset),
    }


def _budget(facts: Facts) -> list[tuple[str, str]]:
    """What each step of a budget took and brought, as pairs."""
    rows = []
    for step in facts.metrics.get("budget", {}).get("steps", []):
        accuracy = "" if step["together"] is None else f", accuracy with it {step['together']:.3f}"
        kept = "kept" if step["kept"] else "not kept"
        rows.append((step["name"], f"{duration(float(step['seconds']))}{accuracy}, {kept}: {step['why']}"))
    return rows


def _models(facts: Facts) -> dict[str, Any]:
    """Each model's metrics, and the ensemble's last where there is more than one."""
    models = list(facts.metrics.get("models", {}).items())
    rows = [{"name": name, "scores": scores, "ensemble": False} for name, scores in models[:MODELS]]
    if facts.metrics.get("oof") and len(models) > 1:
        rows.append({"name": "ensemble of all", "scores": facts.metrics["oof"], "ensemble": True})
    for row in rows:
        row["scores"] = [summary.score(key, row["scores"].get(key, {})) for key in NAMES]
    summary.set_floor([one for row in rows for one in row["scores"]])
    return {"rows": rows, "names": list(NAMES.values()), "more": max(0, len(models) - MODELS)}


def _curves(facts: Facts) -> list[dict[str, Any]]:
    """The charts of each model that was trained by gradient."""
    models = [(model, list(jobs)) for model, jobs in groupby(facts.histories, key=lambda one: one.model)]
    return [
        {"model": model, "jobs": len(jobs), "svg": charts.learning_curves(jobs, f"m{number}")}
        for number, (model, jobs) in enumerate(models[:CURVES])
    ]


def _broken(facts: Facts) -> dict[str, Any]:
    """Photos that cannot be read, with the reason."""
    frame = facts.dataset.frame[~facts.dataset.usable]
    columns = ["image_id", "label", "split", "status", "reason"]
    shown = frame[columns].head(BROKEN).astype(object).where(frame[columns].head(BROKEN).notna(), None)
    return {"rows": shown.to_dict("records"), "count": len(frame), "more": max(0, len(frame) - BROKEN)}
