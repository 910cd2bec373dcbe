"""Questions to the schema: which type stands at a key, what its default is, which keys there are.

A *type* here is an annotation with its metadata stripped; `PART` stands for a field that names a part.
"""

import types
import typing
from typing import Any

from pydantic import BaseModel

PART = dict[str, Any]
_UNIONS = (typing.Union, types.UnionType)


def bare(annotation: Any, value: Any = None) -> Any:
    """The annotation without ``Annotated`` and ``None``; of several sections, that of the value's kind."""
    while typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    if typing.get_origin(annotation) not in _UNIONS:
        return annotation
    options = [option for option in typing.get_args(annotation) if option is not types.NoneType]
    if len(options) == 1:
        return bare(options[0], value)
    if all(section(option) for option in options):
        kind = value.get("kind") if isinstance(value, dict) else None
        return next((option for option in options if option.model_fields["kind"].default == kind), None)
    return None


def variants(annotation: Any) -> dict[str, type[BaseModel]]:
    """The sections of a union by their ``kind``; empty for anything else."""
    while typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    options = typing.get_args(annotation) if typing.get_origin(annotation) in _UNIONS else ()
    sections = [option for option in options if section(option)]
    return {option.model_fields["kind"].default: option for option in sections if len(sections) > 1}


def section(kind: Any) -> bool:
    """Whether a type is a group of keys."""
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def inside(kind: Any, key: str | int) -> Any:
    """The annotation of an entry of a mapping or list, not yet `bare`; None where the schema is silent."""
    if section(kind):
        entry = kind.model_fields.get(key)
        if entry is None:
            return None
        return typing.Annotated[entry.annotation, *entry.metadata] if entry.metadata else entry.annotation
    if kind == PART:
        return None
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is dict:
        return arguments[1]
    return arguments[0] if origin is tuple else None


def default(kind: Any, key: str) -> Any:
    """What the schema puts at a key that a recipe leaves out, as plain data; None for a required key."""
    entry = kind.model_fields[key]
    return plain(None if entry.is_required() else entry.get_default(call_default_factory=True))


def plain(value: Any) -> Any:
    """Sections and tuples as YAML knows them; sections keep only what tells them from their defaults."""
    if isinstance(value, BaseModel):
        kept = {"kind"} & set(type(value).model_fields) | value.model_fields_set
        return {key: plain(getattr(value, key)) for key in type(value).model_fields if key in kept}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def homes(root: Any, key: str) -> list[str]:
    """Dotted paths of every section key with this name, ``*`` for names and numbers of the user's."""
    found: list[str] = []

    def walk(annotation: Any, path: str) -> None:
        kind = bare(annotation)
        for option in variants(annotation).values() or ([kind] if section(kind) else ()):
            for name in option.model_fields:
                found.extend([path + name] if name == key and path + name not in found else [])
                walk(inside(option, name), f"{path}{name}.")
        if kind != PART and typing.get_origin(kind) in (dict, tuple):
            walk(inside(kind, 0), f"{path}*.")

    walk(root, "")
    return found
