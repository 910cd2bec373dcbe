"""The photos whose labels look most wrong: a section of the report, and a page of its own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from thresher.files import write_text
from thresher.labels.amounts import amount
from thresher.report.facts import Facts
from thresher.report.jinja import environment, style
from thresher.report.thumbnails import Thumbnails
from thresher.report.words import percent

SHEET, SECTION = 60, 12
"""Photos of the page, and of the section of the report."""
SIDE = 208
"""Longer side of a thumbnail, pixels."""


def write_sheet(
    path: Path, name: str, issues: pd.DataFrame, paths: Mapping[str, str], total: tuple[float, int, int]
) -> Path:
    """Writes one page that opens offline: the most suspicious photos with given and suggested label.

    Args:
        path: of the page.
        name: what the labels are of.
        issues: the table of issues; see `thresher.run_folder.RunFolder.issues`.
        paths: image id -> path of the photo.
        total: how many labels are wrong, and the interval.

    Raises:
        RunError: the page cannot be written.
    """
    shown = suspects(issues, Thumbnails(paths), SHEET)
    page = environment().get_template("label_sheet.html")
    return write_text(path, page.render(name=name, style=style(), doubts=told(issues, shown, total)))


def doubts(facts: Facts, thumbnails: Thumbnails) -> dict[str, Any] | None:
    """What the report says of wrong labels; None where they were not judged, or by other scores."""
    if facts.issues is None:
        return None
    total = amount(facts.issues["probability"].to_numpy())
    return told(facts.issues, suspects(facts.issues, thumbnails, SECTION), total)


def told(issues: pd.DataFrame, shown: list[dict[str, Any]], total: tuple[float, int, int]) -> dict[str, Any]:
    """The numbers in words beside the ``photos``."""
    estimate, low, high = total
    return {
        "photos": shown,
        "labels": len(issues),
        "wrong": f"{estimate:,.0f}",
        "share": percent(estimate / len(issues) if len(issues) else 0.0),
        "span": f"{low:,} to {high:,}",
        "more": len(issues) - len(shown),
    }


def suspects(issues: pd.DataFrame, thumbnails: Thumbnails, most: int) -> list[dict[str, Any]]:
    """The most suspicious photos in the order of their rank."""
    first = issues.iloc[np.argsort(issues["rank"].to_numpy(), kind="stable")[:most]]
    return [
        {
            "id": row["image_id"],
            "given": row["given"],
            "suggested": row["suggested"],
            "probability": percent(row["probability"], 0),
            "picture": thumbnails.get(row["image_id"], SIDE),
        }
        for row in first.to_dict("records")
    ]
