"""All recipe keys as one page: ``python -m thresher.recipe.reference > docs/recipes.md``."""

import json
import sys
import types
import typing
from collections.abc import Iterator
from typing import Any

import annotated_types as limits
from pydantic.fields import FieldInfo

from thresher.recipe.schema import (
    DataSection,
    ImagesSection,
    LinearStage,
    MetricsSection,
    ModelSection,
    PartOf,
    Recipe,
    Section,
    TrainingSection,
    TrainStage,
)

_HEAD = """\
# Recipe keys

Written by `make docs` from `thresher.recipe.schema`; change it there.

A recipe is a YAML file. `base: NAME_OR_FILE` inherits another one: mappings are merged key by key, lists are
replaced, and `null` in a model's place removes that model. `thresher recipes quick` prints a recipe with
every default written out. Any key can be changed on the command line: `--set models.lite0.image_size=160`;
`*` stands for every model or every entry of a list: `--set models.*.seeds=[0,1]`. An unknown key, or one that
would have no effect, is an error.

Where a key takes a *part*, write its name (`loss: cross_entropy`) or a mapping with its settings
(`loss: {name: cross_entropy, smoothing: 0.1}`). `thresher parts losses` lists the parts of a family with
their settings.
"""
_PAGES: tuple[tuple[str, type[Section]], ...] = (
    ("The recipe", Recipe),
    ("`data`", DataSection),
    ("`images`", ImagesSection),
    ("`models.NAME`", ModelSection),
    ("`models.NAME.stages`, `kind: linear`", LinearStage),
    ("`models.NAME.stages`, `kind: train`", TrainStage),
    ("`training`", TrainingSection),
    ("`metrics`", MetricsSection),
)
_SIGNS = ((limits.Ge, "ge", "≥"), (limits.Gt, "gt", ">"), (limits.Le, "le", "≤"), (limits.Lt, "lt", "<"))
_NAMES = {str: "text", int: "whole number", float: "number", bool: "true or false", types.NoneType: "null"}


def reference() -> str:
    """The page, Markdown."""
    parts = [_HEAD]
    for title, section in _PAGES:
        summary = (section.__doc__ or "").strip().splitlines()[0]
        rows = [
            f"| `{key}` | {', '.join(_facts(field))} | {' '.join((field.description or '').split())} |"
            for key, field in _keys(section)
        ]
        parts.append(
            f"## {title}\n\n{summary}\n\n| key | value | meaning |\n| --- | --- | --- |\n"
            + "\n".join(rows)
            + "\n"
        )
    return "\n".join(parts)


def _keys(section: type[Section]) -> Iterator[tuple[str, FieldInfo]]:
    return ((key, field) for key, field in section.model_fields.items() if key != "kind")


def _facts(field: FieldInfo) -> Iterator[str]:
    """Type, range and default, in words."""
    yield _kind(field.annotation, field.metadata)
    for bound, name, sign in _SIGNS:
        yield from (f"{sign} {getattr(one, name):g}" for one in field.metadata if isinstance(one, bound))
    default = None if field.is_required() else field.default
    if default is not None and default != "" and not _sections(default):
        yield f"default `{_plain(default)}`"


def _kind(annotation: Any, metadata: list[Any] | tuple[Any, ...] = ()) -> str:
    """A type in words."""
    for mark in metadata:
        if isinstance(mark, PartOf):
            return f"part of `{mark.family}`"
    origin, inside = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _kind(inside[0], inside[1:])
    if origin is typing.Literal:
        return " or ".join(f"`{value}`" for value in inside)
    if origin in (typing.Union, types.UnionType):
        kinds = [_kind(one) for one in inside if one is not types.NoneType]
        return " or ".join(dict.fromkeys(kinds))
    if origin is tuple:
        return f"list ({_kind(inside[0])})"
    if origin is dict:
        return f"mapping (name: {_kind(inside[1])})"
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return "section"
    return _NAMES.get(annotation, str(annotation))


def _sections(value: Any) -> bool:
    """Whether a default is a section or a list of sections: their own keys say it."""
    return isinstance(value, Section) or (
        isinstance(value, tuple) and any(isinstance(one, Section) for one in value)
    )


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


if __name__ == "__main__":
    sys.stdout.write(reference())
