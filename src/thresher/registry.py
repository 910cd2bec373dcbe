"""A small registry for each family of parts, like ``timm.optim``: a frozen record per part and a list.

The keyword-only parameters of a part's constructor are its recipe schema: names, types, defaults. What the
program itself hands over (a model's parameters, the number of classes) is positional, and closed to recipes.
A record holds where the class is, not the class, so that listing the parts of a family imports none of them.
"""

import fnmatch
import functools
import importlib
import inspect
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from thresher.errors import RecipeError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")

FAMILIES = (
    "augment",
    "averaging",
    "ensemble",
    "folds",
    "heads",
    "labels",
    "losses",
    "mixing",
    "optim",
    "pooling",
    "repair",
    "sampling",
    "schedules",
    "tiles",
    "views",
)
_HOMES = {
    "averaging": "thresher.training.averaging",
    "heads": "thresher.models.heads",
    "pooling": "thresher.models.pooling",
    "tiles": "thresher.models.tiles",
    "views": "thresher.inference.views",
}


@dataclass(frozen=True)
class Part:
    """One registered part.

    Attributes:
        name: as a recipe writes it.
        where: its class, ``module:Class``.
        description: one line.
        paper: its source.
        fixed: positional arguments that tell parts of one class apart.
    """

    name: str
    where: str
    description: str
    paper: str = ""
    fixed: tuple[Any, ...] = ()

    def load(self) -> type:
        """Imports and returns the class."""
        module, _, attribute = self.where.partition(":")
        return typing.cast(type, getattr(importlib.import_module(module), attribute))


class Registry(Generic[T]):
    """The parts of one family by name."""

    def __init__(self, family: str, parts: Iterable[Part]) -> None:
        self.family = family
        self.parts: dict[str, Part] = {}
        for part in parts:
            self.add(part)

    def add(self, part: Part) -> None:
        """Registers one more part.

        Raises:
            ValueError: the name is taken.
        """
        if part.name in self.parts:
            raise ValueError(f"{self.family}: {part.name!r} is registered already")
        self.parts[part.name] = part

    def list(self, pattern: str = "*") -> list[Part]:
        """The parts whose name matches a shell pattern, by name."""
        return [self.parts[name] for name in sorted(self.parts) if fnmatch.fnmatch(name, pattern)]

    def get(self, name: str) -> Part:
        """One part by its exact name.

        Raises:
            RecipeError: no such part; names the nearest.
        """
        if name not in self.parts:
            raise RecipeError(f"no {self.family} part is named {name!r}{nearest(name, self.parts)}")
        return self.parts[name]

    def parameters(self, name: str) -> dict[str, inspect.Parameter]:
        """The settings that a recipe may give this part: its constructor's keyword-only parameters."""
        signature = inspect.signature(self.get(name).load())
        return {key: value for key, value in signature.parameters.items() if value.kind is value.KEYWORD_ONLY}

    def check(self, name: str, settings: dict[str, Any]) -> dict[str, Any]:
        """Validates settings against the constructor's signature.

        Returns:
            the settings with types coerced as pydantic does it (an int for a float, say) and defaults filled
            in.

        Raises:
            RecipeError: an unknown or missing setting, or a value of the wrong type; the message names the
                nearest.
        """
        from pydantic import ValidationError

        allowed = self.parameters(name)
        constructor = typing.cast(Any, self.get(name).load()).__init__
        hints = _hints(constructor)
        checked: dict[str, Any] = {}
        for key, value in settings.items():
            if key not in allowed:
                raise RecipeError(f"{self.family} {name!r} has no setting {key!r}{nearest(key, allowed)}")
            if key in hints:
                try:
                    value = _adapter(constructor, key).validate_python(value)
                except ValidationError as error:
                    problem = error.errors()[0]["msg"].removeprefix("Value error, ")
                    raise RecipeError(f"{self.family} {name!r}: {key} = {value!r}: {problem}") from None
            checked[key] = value
        for key, parameter in allowed.items():
            if key not in checked and parameter.default is parameter.empty:
                raise RecipeError(f"{self.family} {name!r} needs the setting {key!r}")
            if key not in checked and key in hints and _names_parts(hints[key], parameter.default):
                checked[key] = _adapter(constructor, key).validate_python(parameter.default)
        # In the order of the signature, so that equal settings are written equally.
        return {key: checked.get(key, parameter.default) for key, parameter in allowed.items()}

    def build(self, name: str, settings: dict[str, Any] | None = None, *given: Any) -> T:
        """Constructs a part from its settings.

        Args:
            name: the part's name.
            settings: what the recipe says.
            given: what the program adds (a model's parameters, the number of classes); not open to recipes.
        """
        part = self.get(name)
        return typing.cast(T, part.load()(*part.fixed, *given, **self.check(name, settings or {})))


@functools.cache
def _hints(constructor: Any) -> dict[str, Any]:
    """The types of a constructor's arguments."""
    return typing.get_type_hints(constructor, include_extras=True)


@functools.cache
def _adapter(constructor: Any, key: str) -> "TypeAdapter[Any]":
    """What validates one argument; kept, for making it takes longer than using it."""
    from pydantic import TypeAdapter

    return TypeAdapter(_hints(constructor)[key])


def _names_parts(hint: Any, default: Any) -> bool:
    """Whether a default may name parts, whose own settings are still to be filled in."""
    if isinstance(default, str):
        return typing.get_origin(hint) is typing.Annotated
    inside = default if isinstance(default, tuple | list) else (default,)
    return any(isinstance(one, Mapping) for one in inside)


def family(name: str) -> Registry[Any]:
    """The registry of a family of parts, imported when asked for.

    Raises:
        RecipeError: no such family; names the nearest.
    """
    if name not in FAMILIES:
        raise RecipeError(f"no family of parts is named {name!r}{nearest(name, FAMILIES)}")
    module = importlib.import_module(_HOMES.get(name, f"thresher.{name}"))
    return typing.cast(Registry[Any], module.REGISTRY)


def nearest(word: str, words: Iterable[str]) -> str:
    """``; did you mean 'x'?`` when one is near, else the words that there are."""
    words = list(words)
    close = get_close_matches(str(word), words, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; there are: {', '.join(sorted(words))}" if len(words) <= 20 else ""
