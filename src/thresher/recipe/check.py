"""From pydantic's errors to ours: file, line, key, what is wrong in plain words, the nearest valid key."""

import typing
from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter, ValidationError

from thresher.recipe import shape
from thresher.recipe.lines import Node
from thresher.recipe.problems import Problems
from thresher.recipe.schema import Recipe
from thresher.recipe.words import in_words
from thresher.registry import nearest

Path = tuple[str | int, ...]


def check(root: Node, problems: Problems) -> Recipe | None:
    """Validates a tree; what is wrong is added to ``problems``.

    Returns:
        the recipe, or None where something is wrong.
    """
    try:
        return Recipe.model_validate(root.plain())
    except ValidationError as error:
        for found in error.errors(include_url=False):
            _explain(root, dict(found), problems)
    return None


def _explain(root: Node, found: dict[str, Any], problems: Problems) -> None:
    node, annotation, path = _follow(root, found["loc"])
    kind = found["type"]
    if kind == "too_short" and len(node.value) >= found["ctx"]["min_length"]:
        return  # pydantic counts the good entries only; the bad ones have been named
    if kind == "value_error" and shape.bare(annotation) == shape.PART:
        for name, text in _blame(annotation, node):
            culprit = node.value[name] if name else node
            problems.add(culprit.place, _dotted((*path, name) if name else path), text)
        return
    text = in_words(found)
    if kind == "extra_forbidden":
        text = _unknown(root, path)
    elif kind == "model_attributes_type" and node.value in shape.variants(annotation):
        text = f"write kind: {node.value}"
    elif kind in ("union_tag_invalid", "union_tag_not_found"):
        path = (*path, "kind")
        node = node.value.get("kind", node) if isinstance(node.value, dict) else node
    elif kind == "value_error" and isinstance(node.value, dict):
        # "dropout has no effect without ..." is said of a section: point at the key that it begins with.
        first = text.split()[0].strip("'\":,")
        if first in node.value:
            node, path = node.value[first], (*path, first)
    problems.add(node.place, _dotted(path), text)


def _follow(root: Node, loc: Path) -> tuple[Node, Any, Path]:
    """Walks to the place of an error.

    Returns:
        the node (the last one that exists), its annotation, and the path as a recipe writes it: without the
        tags that pydantic adds for a union.
    """
    node, annotation = root, typing.cast(Any, Recipe)
    path: Path = ()
    tagged = False
    for step in loc:
        if shape.variants(annotation) and not tagged:
            tagged = True  # the tag; the same node goes on
            continue
        tagged = False
        if step == "[key]":
            continue
        annotation = shape.inside(shape.bare(annotation, node.plain()), step)
        path = (*path, step)
        if isinstance(node.value, dict) and step in node.value:
            node = node.value[str(step)]
        elif isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
    return node, annotation, path


def _unknown(root: Node, path: Path) -> str:
    """What to say of a key that the schema does not know."""
    key = str(path[-1])
    node, annotation, _ = _follow_keys(root, path[:-1])
    kind = shape.bare(annotation, node.plain())
    fields = list(kind.model_fields) if shape.section(kind) else []
    others = [name for name, option in shape.variants(annotation).items() if key in option.model_fields]
    if others:
        return f"unknown key here; it belongs to a stage of kind '{others[0]}'"
    elsewhere = shape.homes(Recipe, key)
    if elsewhere:
        return f"unknown key here; did you mean {elsewhere[0]!r}?"
    return f"unknown key{nearest(key, fields)}"


def _follow_keys(root: Node, path: Path) -> tuple[Node, Any, Path]:
    """As `_follow`, for a path without tags."""
    node, annotation = root, typing.cast(Any, Recipe)
    for step in path:
        annotation = shape.inside(shape.bare(annotation, node.plain()), step)
        node = node.value[step]
    return node, annotation, path


def _blame(annotation: Any, node: Node) -> Iterator[tuple[str, str]]:
    """Which settings of a part are wrong, all of them: the registry stops at the first.

    Each setting is tried alone beside the name; what the name alone says too is said once.
    """
    adapter = TypeAdapter(annotation)

    def says(value: Any) -> str:
        try:
            adapter.validate_python(value)
        except ValidationError as error:
            return str(error.errors()[0]["msg"]).removeprefix("Value error, ")
        return ""

    spec = node.plain()
    whole = says(spec)
    if not isinstance(spec, dict) or not isinstance(spec.get("name"), str):
        yield "", whole
        return
    alone = says({"name": spec["name"]})
    said = []
    if "needs the setting" not in alone:  # an unknown part, or settings that only make sense together
        if alone:
            yield "name", alone
            return
        alone = ""
    for key in spec:
        text = says({"name": spec["name"], key: spec[key]})
        if key != "name" and text and text != alone:
            said.append(text)
            yield key, text
    if (alone and whole == alone) or not said:
        yield "", whole


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))
