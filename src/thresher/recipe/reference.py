"""All recipe keys as one page: ``python -m thresher.recipe.reference > docs/recipes.md``."""

import sys
from collections.abc import Iterator
from typing import Any

from pydantic.fields import FieldInfo

from thresher.recipe.kinds import bounds, kind, plain
from thresher.recipe.schema import (
    DataSection,
    ImagesSection,
    LinearStage,
    MetricsSection,
    ModelSection,
    Recipe,
    RepairStage,
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
    ("`models.NAME.stages`, `kind: repair`", RepairStage),
    ("`training`", TrainingSection),
    ("`metrics`", MetricsSection),
)


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
    yield kind(field.annotation, field.metadata)
    yield from bounds(field.metadata)
    default = None if field.is_required() else field.default
    if default is not None and default != "" and not _sections(default):
        yield f"default `{plain(default)}`"


def _sections(value: Any) -> bool:
    """Whether a default is a section or a list of sections: their own keys say it."""
    return isinstance(value, Section) or (
        isinstance(value, tuple) and any(isinstance(one, Section) for one in value)
    )


if __name__ == "__main__":
    sys.stdout.write(reference())
