"""What a recipe of somebody's system fills in, changes or leaves out: gathered from its comments."""

from dataclasses import dataclass, field

MARKS = {"not_stated": "not stated", "changed": "not as the source:", "later": "later:"}
"""What a comment begins with."""


@dataclass
class Fillings:
    """Comments of a recipe, each in one line.

    Attributes:
        not_stated: settings that the source leaves open, as the recipe has them.
        changed: what the source did otherwise, and why.
        later: parts of the system that do not run as yet.
    """

    not_stated: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    later: list[str] = field(default_factory=list)


def fillings(text: str) -> Fillings:
    """Gathers the marked comments of a recipe.

    ``# not stated`` stands behind a setting, which is told with it, or alone before several; the other two
    stand alone. A comment that stands alone goes on over the comment lines below it.

    Args:
        text: the YAML of one file.
    """
    found = Fillings()
    goes_on: list[str] | None = None
    for line in text.splitlines():
        code, _, comment = (part.strip() for part in line.partition("# "))
        kind = next((kind for kind, mark in MARKS.items() if comment.startswith(mark)), None)
        if kind is not None:
            said = comment.removeprefix(MARKS[kind]).lstrip(":;, ")
            goes_on = getattr(found, kind)
            assert goes_on is not None
            goes_on.append("; ".join(part for part in (_setting(code), said) if part))
        elif goes_on is not None and comment and not code:
            goes_on[-1] += f" {comment}"
            continue
        if kind is None or code:
            goes_on = None
    return found


def _setting(code: str) -> str:
    """A line of YAML without what only YAML needs: dashes, anchors, aliases."""
    words = [word for word in code.removeprefix("- ").split() if not word.startswith("&")]
    return " ".join(words)
