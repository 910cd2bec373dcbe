"""Overrides of the command line: ``models.lite0.image_size=160``, ``models.*.stages.0.inner_folds=5``."""

from collections.abc import Iterable
from typing import Any

from thresher.errors import RecipeError
from thresher.recipe import shape
from thresher.recipe.lines import Node, parse
from thresher.recipe.problems import Place, Problems
from thresher.registry import nearest


class _Nonsense(Exception):
    """The key leads nowhere."""


def apply(root: Node, overrides: Iterable[str], problems: Problems) -> None:
    """Changes a recipe in place.

    Each override is ``key=value``: names and list numbers joined by dots, ``*`` for every entry, and a value
    in YAML. What a recipe leaves out stands there with its default: ``models.lite0.stages.0.inner_folds=5``
    works where no stages are written. A last key that does not exist is set all the same; the schema
    complains of it with the rest.

    Args:
        root: the recipe.
        overrides: texts of the form ``key=value``.
        problems: takes overrides that make no sense.
    """
    from thresher.recipe.schema import Recipe

    for text in overrides:
        key, equals, value = text.partition("=")
        place = Place(f"--set {text}")
        if not equals or not key.strip():
            problems.add(place, "", "write key=value, such as models.lite0.image_size=160")
            continue
        try:
            node = parse(value, place.source, problems, override=key.strip())
            _set(root, Recipe, key.strip().split("."), node, ())
        except _Nonsense as error:
            problems.add(place, "", str(error))
        except RecipeError as error:
            problems.add(place, "", str(error).removeprefix(f"{place.source}: "))


def _set(node: Node, annotation: Any, keys: list[str], value: Node, path: tuple[str, ...]) -> None:
    kind = shape.bare(annotation, node.plain())
    if isinstance(node.value, str) and kind == shape.PART:
        node.value = {"name": Node(node.value, node.place)}
    if not isinstance(node.value, dict | list):
        raise _Nonsense(f"{'.'.join(path)} is a single value: it has no {keys[0]!r} inside")
    if keys[0] == "*":
        if shape.section(kind) or kind == shape.PART:
            owner = ".".join(path) or "the recipe"
            raise _Nonsense(f"* stands for a name of your own or a number, not for a key of {owner}")
        for name in list(node.value) if isinstance(node.value, dict) else range(len(node.value)):
            _enter(node, kind, name, keys[1:], value, path)
        return
    if isinstance(node.value, list):
        count = len(node.value)
        if not keys[0].isdecimal() or int(keys[0]) >= count:
            raise _Nonsense(f"{'.'.join(path)} has no item {keys[0]!r}; it has {count}, counted from 0")
        _enter(node, kind, int(keys[0]), keys[1:], value, path)
        return
    # A model's name may hold dots: the longest run of keys that names an entry is taken.
    length = next((n for n in range(len(keys), 0, -1) if ".".join(keys[:n]) in node.value), 1)
    _enter(node, kind, ".".join(keys[:length]), keys[length:], value, path)


def _enter(
    node: Node, kind: Any, name: str | int, rest: list[str], value: Node, path: tuple[str, ...]
) -> None:
    """Goes on at one entry, or sets it."""
    here = (*path, str(name))
    annotation = shape.inside(kind, name)
    entries: Any = node.value
    if not rest:
        if kind == shape.PART and name == "name" and _differs(node, value):
            entries.clear()  # the settings of another part mean nothing to this one
        if not isinstance(name, int) and not shape.section(kind) and kind != shape.PART:
            _check_own_name(node, kind, name, value, path)
        entries[name] = value.copy()
        return
    if isinstance(name, str) and name not in entries:
        if not shape.section(kind) or name not in kind.model_fields:
            known = kind.model_fields if shape.section(kind) else entries
            owner = ".".join(path) or "the recipe"
            raise _Nonsense(f"{owner} has no {name!r}{nearest(name, known)}")
        entries[name] = _default(kind, name, annotation, value.place)
    _set(entries[name], annotation, rest, value, here)


def _check_own_name(node: Node, kind: Any, name: str, value: Node, path: tuple[str, ...]) -> None:
    """A model may be added as a mapping or removed, not set to a word."""
    if name not in node.value and not isinstance(value.value, dict) and value.value is not None:
        raise _Nonsense(f"{'.'.join(path)} has no {name!r}{nearest(name, node.value)}")


def _differs(node: Node, value: Node) -> bool:
    return "name" in node.value and bool(node.value["name"].value != value.value)


def _default(kind: Any, name: str, annotation: Any, place: Place) -> Node:
    """The default of a key that the recipe leaves out, as a tree; an empty mapping for a section."""
    plain = shape.default(kind, name)
    return _tree({} if plain is None and shape.section(shape.bare(annotation)) else plain, place)


def _tree(value: Any, place: Place) -> Node:
    if isinstance(value, dict):
        return Node({key: _tree(item, place) for key, item in value.items()}, place)
    if isinstance(value, list):
        return Node([_tree(item, place) for item in value], place)
    return Node(value, place)
