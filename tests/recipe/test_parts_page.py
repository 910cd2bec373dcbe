"""docs/parts.md says what the registries say; every part says what it does and where it comes from."""

import io
import re
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field
from rich.console import Console

from thresher.cli.parts import everything, shown
from thresher.recipe.kinds import kind
from thresher.recipe.part import part
from thresher.recipe.parts_page import SUMMARIES, parts_page, settings
from thresher.registry import FAMILIES, Part, Registry, family

PAGE = Path(__file__).parents[2] / "docs" / "parts.md"
EVERY = [(name, one.name) for name in FAMILIES for one in family(name).list()]

TRIVIAL = {
    "augment": {"none", "squish"},
    "averaging": {"none"},
    "ensemble": {"mean"},
    "folds": {"given"},
    "mixing": {"none"},
    "repair": {"review"},
    "sampling": {"all", "chain"},
    "schedules": {"constant", "linear"},
    "views": {"plain", "rot90", "transpose", "vflip"},
}
"""Parts that nobody has published."""


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == parts_page(), "docs/parts.md is not current: run `make docs`"


@pytest.mark.parametrize(("name", "one"), EVERY)
def test_every_part_says_what_it_does_and_where_it_comes_from(name, one):
    registered = family(name).get(one)
    assert registered.description.strip()
    assert "\n" not in registered.description + registered.paper
    assert len(registered.description) <= 120
    assert registered.paper.strip() or one in TRIVIAL.get(name, ())


def test_trivial_parts_exist():
    known = set(EVERY)
    assert {(name, one) for name, parts in TRIVIAL.items() for one in parts} <= known


def test_every_part_and_every_setting_has_its_place_on_the_page():
    page = parts_page()
    sections = re.split(r"^## `(\w+)`$", page, flags=re.MULTILINE)
    assert sections[1::2] == list(FAMILIES) == list(SUMMARIES)
    for name, text in zip(sections[1::2], sections[2::2], strict=True):
        members = family(name)
        rows = {}
        for line in re.findall(r"^\| `(\w+)` (\|.*)\|$", text, re.MULTILINE):
            cells = re.split(r"(?<!\\)\|", line[1])
            assert len(cells) == 4, line
            rows[line[0]] = cells
        assert set(rows) == set(members.parts)
        for one, cells in rows.items():
            for key in members.parameters(one):
                assert f"`{key}`" in cells[2]


class Made:
    def __init__(
        self,
        *,
        q: Annotated[float, Field(gt=0, le=1)] = 0.7,
        kind: Literal["a", "b"] = "a",
        terms: tuple[part("losses"), ...],
        clip: Annotated[int, Field(ge=1)] | None = None,
    ):
        """Nothing."""


def test_settings_in_words():
    members = Registry("losses", [Part("made", f"{__name__}:Made", "of a test")])
    assert settings(members, "made") == [
        "`q` number, > 0, ≤ 1, default `0.7`",
        "`kind` `a` or `b`, default `a`",
        "`terms` list (part of `losses`), required",
        "`clip` whole number, ≥ 1, default `null`",
    ]
    assert kind(tuple[int, int]) == "list of 2 (whole number; whole number)"
    assert shown(tuple[part("losses"), ...]) == "tuple[part of losses, ...]"


def test_all_parts_are_listed_within_100_columns():
    out = Console(file=io.StringIO(), width=100)
    out.print(everything())
    lines = out.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 100
    text = "\n".join(lines)
    for name, one in EVERY:
        assert re.search(rf"^{name} *$", text, re.MULTILINE)
        assert re.search(rf"^  {one} ", text, re.MULTILINE), f"{one} is broken or missing"
    words = set(re.findall(r"[a-z]{3,}", text))
    for name, one in EVERY:
        assert set(re.findall(r"[a-z]{3,}", family(name).get(one).description)) <= words
