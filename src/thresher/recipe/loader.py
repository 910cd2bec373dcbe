"""From a recipe's name or file to a validated `Recipe`: inheritance, overrides, and all errors at once."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from thresher.errors import RecipeError
from thresher.recipe import overrides as overriding
from thresher.recipe.lines import CoreDumper, Node, parse
from thresher.recipe.merge import drop_removed_models, merge
from thresher.recipe.presets import FOLDER, list_presets
from thresher.recipe.problems import Place, Problems
from thresher.recipe.schema import Recipe
from thresher.registry import nearest

_OWN = ("name", "description", "source", "claim")


def load(name_or_file: str | Path = "quick", overrides: Iterable[str] = (), smoke: bool = False) -> Recipe:
    """Reads a recipe.

    Args:
        name_or_file: a recipe of the package (`list_presets`), or a YAML file. ``base: NAME_OR_FILE`` in it
            inherits another recipe (a file is looked up beside the one that names it): mappings are merged
            key by key, lists replaced, and null in a model's place removes it. Without ``name``, the
            recipe is called after its file. ``data.source: null`` makes all photos one source; see
            `thresher.recipe.sources`.
        overrides: ``key=value`` texts; see `thresher.recipe.overrides`.
        smoke: shrink the recipe so that every step runs within seconds; see `thresher.recipe.smoke`.

    Raises:
        RecipeError: no such recipe, or something in it is wrong; the message has one line for each problem:
            ``file:line: key: what; did you mean 'x'?``.
    """
    from thresher.recipe.check import check

    problems = Problems()
    root, inherited = _read(str(name_or_file), None, (), problems)
    removable = inherited | _models(root)
    overriding.apply(root, overrides, problems)
    drop_removed_models(root, removable, problems)
    recipe = check(root, problems)
    problems.stop()
    if recipe is None:  # pragma: no cover  (an error that says nothing would be a fault of check)
        raise RecipeError(f"{name_or_file}: not a recipe")
    if recipe.data.source is None and _takes_source_back(root):
        from thresher.recipe.sources import without_source

        recipe = without_source(recipe)
    if smoke:
        from thresher.recipe.smoke import shrink

        return shrink(recipe)
    return recipe


def dump(recipe: Recipe) -> str:
    """The whole recipe as YAML: every default written out, keys in the schema's order; `load` reads it."""
    return yaml.dump(
        recipe.model_dump(mode="json"),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=110,
        indent=2,
    )


def find(name_or_file: str, beside: Path | None = None, place: Place | None = None) -> Path:
    """The file of a recipe.

    Args:
        name_or_file: what the user wrote.
        beside: the folder that a relative file name starts from; default: the current one.
        place: where it was written, for the message.

    Raises:
        RecipeError: neither a recipe of the package nor a file.
    """
    presets = {info.name: info.path for info in list_presets()}
    if name_or_file in presets:
        return presets[name_or_file]
    prefix = f"{place}: base: " if place else ""
    path = (beside / name_or_file) if beside else Path(name_or_file)
    if path.is_file():
        return path
    if path.is_dir():
        hint = f" Its recipe is {path / 'recipe.yaml'}." if (path / "recipe.yaml").is_file() else ""
        raise RecipeError(f"{prefix}{name_or_file} is a folder, not a recipe.{hint}")
    if path.suffix in (".yaml", ".yml") or "/" in name_or_file:
        raise RecipeError(f"{prefix}no such recipe file: {path}")
    raise RecipeError(f"{prefix}no recipe is named {name_or_file!r}{nearest(name_or_file, presets)}")


def _read(
    name: str, asking: Node | None, chain: tuple[Path, ...], problems: Problems
) -> tuple[Node, frozenset[str]]:
    """A file with its bases beneath it, and the names of the models that those bases have."""
    path = find(name, chain[-1].parent if chain else None, asking.place if asking else None)
    if path.resolve() in chain:
        way = " -> ".join(file.name for file in (*chain[chain.index(path.resolve()) :], path))
        raise RecipeError(f"{asking.place if asking else name}: base: the recipes inherit in a circle: {way}")
    shown = path.name if path.parent == FOLDER else str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: cannot be read as text: {error}") from None
    root = parse(text, shown, problems)
    if root.value is None:
        root.value = {}
    if not isinstance(root.value, dict):
        raise RecipeError(
            f"{root.place}: a recipe is a mapping (key: value), not a {type(root.value).__name__}"
        )
    root.value.setdefault("name", Node(path.stem, root.place))
    base = root.value.pop("base", None)
    if base is None:
        return root, frozenset()
    if not isinstance(base.value, str):
        raise RecipeError(f"{base.place}: base: write the name of a recipe or a file")
    below, _ = _read(base.value, base, (*chain, path.resolve()), problems)
    for key in _OWN:
        below.value.pop(key, None)
    inherited = _models(below)
    merged = merge(below, root)
    drop_removed_models(merged, inherited, problems)
    return merged, inherited


def _takes_source_back(root: Node) -> bool:
    """Whether ``data.source: null`` was written, here or on the command line."""
    data = root.value.get("data")
    return data is not None and isinstance(data.value, dict) and "source" in data.value


def _models(root: Node) -> frozenset[str]:
    """The models that are there to be removed."""
    models: Any = root.value["models"].value if "models" in root.value else None
    if not isinstance(models, dict):
        return frozenset()
    return frozenset(name for name, child in models.items() if child.value is not None)


class _Dumper(CoreDumper):
    """Short lists, and parts without nested settings, in one line."""

    def represent_sequence(
        self, tag: str, sequence: Any, flow_style: bool | None = None
    ) -> yaml.SequenceNode:
        flat = all(not isinstance(item, dict | list) or _is_part(item) for item in sequence)
        return super().represent_sequence(tag, sequence, flow_style=flat)

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        return super().represent_mapping(tag, mapping, flow_style=_is_part(mapping) or not mapping)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    """Line breaks such as U+0085 are lost in PyYAML's single quotes; double ones write them as escapes."""
    return dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style=None if text.splitlines() == [text] else '"'
    )


_Dumper.add_representer(str, _text)


def _is_part(value: Any) -> bool:
    """A mapping that begins with ``name`` and holds scalars only: written in one line."""
    if not isinstance(value, dict) or next(iter(value), None) != "name" or "models" in value:
        return False
    return all(not isinstance(item, dict | list) for item in value.values())
