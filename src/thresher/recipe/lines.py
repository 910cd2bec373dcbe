"""YAML that remembers where each key stands.

The scalars follow YAML 1.2's core schema, so that ``1e-4`` is a number, ``no`` and ``on`` are words and
``010`` is ten: PyYAML's own rules (YAML 1.1) surprise people there. Keys are always text.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.constructor import ConstructorError

from thresher.errors import RecipeError
from thresher.recipe.problems import Place, Problems


@dataclass
class Node:
    """A value with its place: a mapping or a list of nodes, or a plain scalar."""

    value: Any
    place: Place

    def plain(self) -> Any:
        """The value without its places."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def copy(self) -> "Node":
        """An equal tree that shares no node with this one."""
        if isinstance(self.value, dict):
            return Node({key: child.copy() for key, child in self.value.items()}, self.place)
        if isinstance(self.value, list):
            return Node([child.copy() for child in self.value], self.place)
        return Node(self.value, self.place)


class CoreLoader(yaml.SafeLoader):
    """Reads YAML 1.2 core scalars."""

    yaml_implicit_resolvers: dict[str, list[Any]] = {}  # noqa: RUF012  (PyYAML's way; filled below)


class CoreDumper(yaml.SafeDumper):
    """Quotes what a reader of YAML 1.2 or of YAML 1.1 would take for something else than text."""


_NULL, _BOOL = re.compile(r"^(?:~|null|Null|NULL|)$"), re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")
_INT = re.compile(r"^[-+]?[0-9]+$")
_FLOAT = re.compile(
    r"^(?:[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)
for _name, _pattern, _first in (
    ("null", _NULL, ["~", "n", "N", ""]),
    ("bool", _BOOL, list("tTfF")),
    ("int", _INT, list("-+0123456789")),
    ("float", _FLOAT, list("-+0123456789.")),
    ("merge", re.compile(r"^<<$"), ["<"]),
):
    for _class in (CoreLoader, CoreDumper):
        _class.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", _pattern, _first)
CoreLoader.add_constructor("tag:yaml.org,2002:int", lambda _, node: int(str(node.value)))


def parse(text: str, source: str, problems: Problems, override: str | None = None) -> Node:
    """Reads one YAML document.

    Args:
        text: YAML.
        source: what to call it in messages: a file, or an override.
        problems: takes keys that stand twice.
        override: the key, where the text is a value of the command line, whose lines say nothing.

    Raises:
        RecipeError: not YAML; says the line and the column.
    """
    try:
        loader = CoreLoader(text)
        root = loader.get_single_node()
        if root is None:
            return Node(None, Place(source, 1 if override is None else 0))
        return _Builder(loader, source, problems, override is not None).build(root, override or "", None)
    except yaml.YAMLError as error:
        raise RecipeError(_syntax(error, source, override is not None)) from None


def _syntax(error: yaml.YAMLError, source: str, override: bool) -> str:
    """What is wrong with the YAML, in one line with its place."""
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
    context = getattr(error, "context", None)
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    place = "" if override or mark is None else f":{mark.line + 1}:{mark.column + 1}"
    hint = "; indent with spaces, not tabs" if "'\\t'" in what else ""
    return f"{source}{place}: not valid YAML: {what}{f' ({context})' if context else ''}{hint}"


_PLAIN = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


@dataclass
class _Builder:
    """Turns PyYAML's nodes into ours."""

    loader: CoreLoader
    source: str
    problems: Problems
    override: bool
    above: tuple[int, ...] = ()
    flattened: set[int] = field(default_factory=set)

    def place(self, node: yaml.Node) -> Place:
        return Place(self.source, 0 if self.override else node.start_mark.line + 1)

    def build(self, node: yaml.Node, key: str, place: Place | None) -> Node:
        place = place or self.place(node)
        if id(node) in self.above:
            raise ConstructorError(None, None, "an anchor that holds itself", node.start_mark)
        if not isinstance(node, yaml.ScalarNode) and node.tag not in _PLAIN:
            raise ConstructorError(None, None, f"the tag {node.tag!r} means nothing here", node.start_mark)
        self.above = (*self.above, id(node))
        value: Any
        if isinstance(node, yaml.MappingNode):
            value = self.mapping(node, key)
        elif isinstance(node, yaml.SequenceNode):
            value = [self.build(item, _join(key, index), None) for index, item in enumerate(node.value)]
        else:
            value = self.loader.construct_object(node)
        self.above = self.above[:-1]
        return Node(value, place)

    def mapping(self, node: yaml.MappingNode, key: str) -> dict[str, Node]:
        self.check_keys(node, key)
        if id(node) not in self.flattened:  # an anchored mapping comes by once for each alias
            self.flattened.add(id(node))
            self.loader.flatten_mapping(node)
        return {
            name.value: self.build(item, _join(key, name.value), self.place(name))
            for name, item in node.value
        }

    def check_keys(self, node: yaml.MappingNode, key: str) -> None:
        seen: dict[str, Place] = {}
        for name, _ in node.value if id(node) not in self.flattened else ():
            if not isinstance(name, yaml.ScalarNode):
                raise ConstructorError(None, None, "a key must be a word", name.start_mark)
            if name.value in seen and name.tag != "tag:yaml.org,2002:merge":
                first = f" (first in line {seen[name.value].line})" if not self.override else ""
                self.problems.add(self.place(name), _join(key, name.value), f"the key stands twice{first}")
            seen.setdefault(name.value, self.place(name))


def _join(key: str, name: str | int) -> str:
    return f"{key}.{name}" if key else str(name)
