"""The recipes that come with the package."""

from dataclasses import dataclass
from pathlib import Path

from thresher.recipe.fillings import fillings
from thresher.recipe.lines import parse
from thresher.recipe.problems import Problems

FOLDER = Path(__file__).parent / "presets"


@dataclass(frozen=True)
class PresetInfo:
    """A recipe of the package.

    Attributes:
        name: what it is called.
        description: what it does, in one line.
        path: its file.
        source: whose system it is; empty where it is the house's own.
        claim: what its authors say that it reached.
        status: whether all of the system runs, or what is left out as yet.
    """

    name: str
    description: str
    path: Path
    source: str = ""
    claim: str = ""
    status: str = ""


def list_presets() -> list[PresetInfo]:
    """The recipes of the package: quick first, then the others, dearest last; systems of others at the end.

    Files whose names begin with an underscore are there to be inherited.
    """
    found = []
    for path in FOLDER.glob("[!_]*.yaml"):
        text = path.read_text(encoding="utf-8")
        top = parse(text, path.name, Problems()).plain()
        said, source, claim = (str(top.get(key, "")) for key in ("description", "source", "claim"))
        found.append(PresetInfo(path.stem, said, path, source, claim, _status(text)))
    order = {"quick": 0, "standard": 1, "strong": 2}
    return sorted(found, key=lambda info: (bool(info.source), order.get(info.name, len(order)), info.name))


def _status(text: str) -> str:
    left = fillings(text).later
    return "runs, without " + ", ".join(what.split(",")[0] for what in left) if left else "runs"
