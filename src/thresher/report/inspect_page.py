"""The page of ``thresher inspect``: what a data set is like, in one file that opens offline."""

from pathlib import Path
from typing import Any

from thresher.files import write_text
from thresher.inspect.survey import Survey
from thresher.report.facts import Facts
from thresher.report.jinja import environment, style
from thresher.report.page import data_content
from thresher.report.thumbnails import Thumbnails


def write_inspection(survey: Survey, name: str, path: Path) -> Path:
    """Writes the page.

    Args:
        survey: what was found.
        name: of the data set.
        path: of the HTML file.

    Returns:
        the page's path.

    Raises:
        RunError: it cannot be written.
    """
    return write_text(path, render_inspection(survey, name))


def render_inspection(survey: Survey, name: str) -> str:
    """The page as HTML; everything that comes from data is escaped."""
    facts = Facts(
        name=name,
        dataset=survey.dataset,
        extra={},
        fold=None,
        oof=None,
        test=None,
        metrics={},
        histories=(),
        environment={},
        recipe_text="",
        recipe={},
        events=(),
        copies=survey.copies,
        photo_facts=survey.facts,
        drifts=survey.drifts,
    )
    thumbnails = Thumbnails(facts.paths)
    given = {
        "name": name,
        "style": style(),
        "lines": survey.lines(),
        "sizes": _sizes(survey),
        **data_content(facts, thumbnails),
        "notes": (),  # they stand among the lines
    }
    return str(environment().get_template("inspect.html").render(**given))


def _sizes(survey: Survey) -> list[dict[str, Any]]:
    """Rows of the table of sizes: what it is, smallest, median, largest."""
    words = {
        "width": "Width, pixels",
        "height": "Height, pixels",
        "short_side": "Shorter side, pixels",
        "aspect": "Width / height",
        "megapixels": "Megapixels",
    }
    table = survey.inspection.sizes
    return [
        {"name": words[name], "values": [f"{value:.4g}" for value in table.loc[name]]} for name in table.index
    ]
