"""The recipes that come with the package."""

from dataclasses import dataclass
from pathlib import Path

from thresher.recipe.lines import parse
from thresher.recipe.problems import Problems

FOLDER = Path(__file__).parent / "presets"


@dataclass(frozen=True)
class PresetInfo:
    """A recipe of the package: its name, what it does in one line, its file."""

    name: str
    description: str
    path: Path


def list_presets() -> list[PresetInfo]:
    """The recipes of the package: quick first, then the others, dearest last."""
    found = []
    for path in FOLDER.glob("*.yaml"):
        top = parse(path.read_text(encoding="utf-8"), path.name, Problems()).plain()
        found.append(PresetInfo(path.stem, str(top.get("description", "")), path))
    order = {"quick": 0, "standard": 1, "strong": 2}
    return sorted(found, key=lambda info: (order.get(info.name, len(order)), info.name))
