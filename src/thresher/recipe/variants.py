"""Variants of a recipe: one key or several, each with a list of values."""

import itertools
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thresher.errors import RecipeError
from thresher.recipe.lines import parse
from thresher.recipe.loader import load
from thresher.recipe.problems import Problems
from thresher.recipe.schema import Recipe
from thresher.registry import nearest

BASELINE = "baseline"


@dataclass(frozen=True)
class Factor:
    """A key that is varied.

    Attributes:
        label: the shortest end of the key that tells it from the others, without numbers and ``*``.
        paths: the keys of the recipe that it stands for, ``*`` written out.
        values: what it is set to; the first belongs to the baseline.
    """

    label: str
    paths: tuple[str, ...]
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Variant:
    """One recipe of several.

    Attributes:
        name: what tables call it. folder: the same as a folder's name.
        settings: label of each factor -> its value as text.
        recipe: validated.
    """

    name: str
    folder: str
    settings: dict[str, str]
    recipe: Recipe


def make_variants(
    name_or_file: str | Path,
    over: Sequence[str],
    overrides: Sequence[str] = (),
    *,
    grid: bool = False,
    smoke: bool = False,
) -> list[Variant]:
    """The variants of a recipe, the baseline first: every factor at the first of its values.

    Args:
        name_or_file: as `thresher.recipe.loader.load` takes it.
        over: texts ``KEY=[VALUE, VALUE, ...]``, values in YAML. A key is a dotted one of the recipe, or of
            every model where it begins otherwise; ``*`` stands for every entry that has the key.
        overrides: ``key=value`` texts for all variants.
        grid: every combination of values; else one factor is changed at a time.
        smoke: shrink all of them.

    Raises:
        RecipeError: a key that leads nowhere (names the nearest), a single value, or a variant that is no
            recipe.
    """
    base = load(name_or_file, overrides)
    factors = _factors(over, base)
    variants: list[Variant] = []
    for choice in _choices([len(one.values) for one in factors], grid):
        picked = [one.values[place] for one, place in zip(factors, choice, strict=True)]
        settings = {one.label: shown(value) for one, value in zip(factors, picked, strict=True)}
        changed = [
            label for label, place in zip(settings, choice, strict=True) if place or grid or len(factors) == 1
        ]
        name = " ".join(f"{label}={settings[label]}" for label in changed) or BASELINE
        texts = [
            f"{path}={json.dumps(value, ensure_ascii=False)}"
            for one, value in zip(factors, picked, strict=True)
            for path in one.paths
        ]
        try:
            recipe = load(name_or_file, [*overrides, *texts], smoke)
        except RecipeError as error:
            raise RecipeError(f"the variant {name} is no recipe:\n{error}") from None
        variants.append(Variant(name, _folder(name, [one.folder for one in variants]), settings, recipe))
    return variants


def shown(value: Any) -> str:
    """A value as a person writes it: parts by their name, lists joined by ``+``."""
    if isinstance(value, dict):
        inside = ", ".join(f"{key}={shown(one)}" for key, one in value.items() if key != "name")
        return f"{value['name']}({inside})" if "name" in value and inside else str(value.get("name", inside))
    if isinstance(value, list):
        return "+".join(shown(one) for one in value)
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)


def _choices(counts: Sequence[int], grid: bool) -> Iterator[tuple[int, ...]]:
    """Which value each factor takes, the baseline first: all combinations, or one change at a time."""
    if grid:
        yield from itertools.product(*map(range, counts))
        return
    yield (0,) * len(counts)
    for factor, count in enumerate(counts):
        for place in range(1, count):
            yield tuple(place if other == factor else 0 for other in range(len(counts)))


def _factors(over: Sequence[str], base: Recipe) -> list[Factor]:
    if not over:
        raise RecipeError("name what to vary: --over 'stages.*.mixing=[none, cutmix, mixup]'")
    tree = base.model_dump(mode="json")
    found = [_read(text, tree) for text in over]
    words = [[word for word in key.split(".") if word != "*" and not word.isdecimal()] for key, _, _ in found]
    for length in range(1, max(map(len, words)) + 1):
        labels = [".".join(one[-length:]) for one in words]
        if len(set(labels)) == len(labels):
            break
    else:
        raise RecipeError(f"--over names the same key twice: {', '.join(key for key, _, _ in found)}")
    return [Factor(label, paths, values) for label, (_, paths, values) in zip(labels, found, strict=True)]


def _read(text: str, tree: dict[str, Any]) -> tuple[str, tuple[str, ...], tuple[Any, ...]]:
    """Key, paths and values of one ``KEY=[VALUE, ...]``."""
    key, equals, value = (part.strip() for part in text.partition("="))
    place = f"--over {text}"
    problems = Problems()
    values = parse(value, place, problems, override=key).plain() if equals and key else None
    problems.stop()
    if not isinstance(values, list) or len(values) < 2:
        raise RecipeError(
            f"{place}: write a key and a list of values: 'stages.*.mixing=[none, cutmix, mixup]'"
        )
    if len({json.dumps(one, sort_keys=True) for one in values}) < len(values):
        raise RecipeError(f"{place}: a value stands twice")
    words = key.split(".")
    if words[0] not in tree:
        named = any(key.startswith(f"{name}.") for name in tree["models"])
        words = ["models", *([] if named else ["*"]), *words]
    missed: list[tuple[int, str, list[str]]] = []
    paths = tuple(_follow(tree, words, (), missed))
    if not paths:
        deepest = max(depth for depth, _, _ in missed)
        word = next(word for depth, word, _ in missed if depth == deepest)
        keys = sorted({one for depth, _, there in missed if depth == deepest for one in there})
        raise RecipeError(f"{place}: no model of this recipe has {word!r} there{nearest(word, keys)}")
    return key, paths, tuple(values)


def _follow(
    node: Any, words: list[str], path: tuple[str, ...], missed: list[tuple[int, str, list[str]]]
) -> Iterator[str]:
    """Every key of a tree that some words lead to; where they lead nowhere is noted in ``missed``."""
    if not words:
        yield ".".join(path)
        return
    entries = dict(enumerate(node)) if isinstance(node, list) else node if isinstance(node, dict) else {}
    there = {str(name): inner for name, inner in entries.items()}
    if words[0] == "*":
        for name, inner in there.items():
            yield from _follow(inner, words[1:], (*path, name), missed)
        return
    # A model's name may hold dots: the longest run of words that names an entry is taken.
    length = next((n for n in range(len(words), 0, -1) if ".".join(words[:n]) in there), 0)
    if not length:
        missed.append((len(path), words[0], list(there)))
        return
    name = ".".join(words[:length])
    yield from _follow(there[name], words[length:], (*path, name), missed)


def _folder(name: str, taken: Sequence[str]) -> str:
    """The name as that of a folder, told apart from those that are taken."""
    plain = re.sub(r"[^A-Za-z0-9._=+-]+", "-", name).strip("-.")[:80] or "variant"
    number = 1
    while (folder := plain if number == 1 else f"{plain}-{number}") in taken:
        number += 1
    return folder
