"""The templates, and how they are filled: everything that comes from data is escaped."""

from pathlib import Path
from typing import Any

from thresher.report.words import count, duration, percent

TEMPLATES = Path(__file__).parent / "templates"


def environment() -> Any:
    """A jinja2 environment that knows our words; a name that a template asks for in vain is an error."""
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    made.filters |= {
        "percent": percent,
        "duration": duration,
        "thousands": lambda number: f"{number:,}",
    }
    made.globals |= {"count": count}
    return made


def style() -> str:
    """The style sheet that every page carries in itself."""
    return (TEMPLATES / "style.css").read_text(encoding="utf-8")
