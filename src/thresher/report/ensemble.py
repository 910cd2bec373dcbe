"""The page of `thresher ensemble`: methods with intervals, nested beside naive, and the weights."""

from collections.abc import Mapping
from typing import Any

from thresher.files import read_json, write_text
from thresher.report.jinja import environment, style
from thresher.report.words import NAMES, duration
from thresher.run_folder import EnsembleFolder

MODELS = 60
"""Models that the page lists."""


def write_page(folder: EnsembleFolder) -> None:
    """Writes ensemble.html from metrics.json; it opens offline.

    Raises:
        RunError: the folder cannot be written.
    """
    page = environment().get_template("ensemble.html")
    write_text(folder.page, page.render(style=style(), **content(read_json(folder.metrics))))


def content(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """What the template is given."""
    name = metrics["metric"]
    method = metrics["method"]["name"]
    lower = metrics["lower_is_better"]
    models = [_row(key, found[name]) for key, found in list(metrics["models"].items())[:MODELS]]
    methods = [_method(key, found, name, lower) for key, found in metrics["methods"].items()]
    methods.append(_method(method, metrics, name, lower) | {"chosen": True})
    _draw([*models, *methods])
    weights = metrics["weights"] or {}
    most = max(weights.values(), default=1.0)
    rows = sorted(weights.items(), key=lambda item: -item[1])[:MODELS]
    return {
        "title": NAMES.get(name, name),
        "method": method,
        "lower": lower,
        "photos": metrics["photos"],
        "folds": metrics["folds"],
        "sentence": (metrics["against_mean"] or {}).get("sentence", ""),
        "kept": metrics.get("facts", {}).get("chosen"),
        "models": models,
        "more_models": len(metrics["models"]) - len(models),
        "methods": methods,
        "weights": [{"name": key, "width": one / most, "text": f"{one:.3f}"} for key, one in rows],
        "notes": metrics["notes"],
    }


def _method(key: str, found: Mapping[str, Any], name: str, lower: bool) -> dict[str, Any]:
    nested, naive = (found[kind][name]["value"] for kind in ("nested", "naive"))
    row = _row(key, found["nested"][name])
    row |= {"naive": f"{naive:.4f}", "seconds": duration(sum(found["seconds"].values()))}
    gap = (nested - naive if lower else naive - nested) or 0.0
    return row | {"optimism": f"{gap:+.4f}", "chosen": False}


def _row(key: str, interval: Mapping[str, float]) -> dict[str, Any]:
    low, high = interval["low"], interval["high"]
    span = f"{low:.4f} to {high:.4f}"
    return {"name": key, "text": f"{interval['value']:.4f}", "span": span, "drawn": dict(interval)}


def _draw(rows: list[dict[str, Any]]) -> None:
    """Stretches the intervals from the lowest end to the highest."""
    low = min(row["drawn"]["low"] for row in rows)
    width = max(row["drawn"]["high"] for row in rows) - low or 1.0
    for row in rows:
        row["drawn"] = {key: (value - low) / width for key, value in row["drawn"].items()}
