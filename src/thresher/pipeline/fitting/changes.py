"""What differs between two recipes, key by key, and why."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Change:
    """One key that is no longer as the recipe has it.

    Attributes:
        path: names and places that lead to the key.
        before: its value as in a dumped recipe.
        after: its new value; None for a model that is gone.
        why: one line.
    """

    path: Path
    before: Any
    after: Any
    why: str

    @property
    def key(self) -> str:
        """As ``--set`` has it."""
        return ".".join(map(str, self.path))


def differences(before: Any, after: Any, path: Path = ()) -> Iterator[tuple[Path, Any, Any]]:
    """The smallest keys at which two dumped recipes differ: path, value before, value after.

    A list that has become longer or shorter, a part of another name, and a mapping with other keys count as
    one value; the models are told one by one.
    """
    if before == after:
        return
    if (
        isinstance(before, dict)
        and isinstance(after, dict)
        and (path == ("models",) or _alike(before, after))
    ):
        for key in [*before, *(key for key in after if key not in before)]:
            yield from differences(before.get(key), after.get(key), (*path, key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after) and _deep(before):
        for place, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from differences(one, other, (*path, place))
    else:
        yield path, before, after


def joined(steps: Sequence[tuple[dict[str, Any], dict[str, Any], str]]) -> list[Change]:
    """The changes of several steps, one after the other: a key that changed twice is told once.

    Args:
        steps: the dumped recipe before and after each, and why.
    """
    found: dict[Path, Change] = {}
    for before, after, why in steps:
        for path, old, new in differences(before, after):
            for inner in [one for one in reversed(found) if one != path and one[: len(path)] == path]:
                old = _put_back(old, inner[len(path) :], found.pop(inner).before)  # told as a whole now
            if path in found:
                reasons = found[path].why.split("; ")
                why_all = "; ".join(reasons if why in reasons else [*reasons, why])
                found[path] = Change(path, found[path].before, new, why_all)
            else:
                found[path] = Change(path, old, new, why)
    return [change for change in found.values() if change.before != change.after]


def shown(value: Any) -> str:
    """A value in a few words: ``efficientnet_b3``, ``plain, hflip``, ``linear, train``, ``-``."""
    if value is None:
        return "-"
    if isinstance(value, dict):
        if "backbone" in value:
            return str(value["backbone"])
        name = value.get("name", value.get("kind"))
        return str(name) if name is not None else ", ".join(map(str, value)) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(shown, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _alike(before: dict[str, Any], after: dict[str, Any]) -> bool:
    same = all(before.get(key) == after.get(key) for key in ("name", "kind")) or "models" in before
    return same and before.keys() == after.keys()


def _deep(values: list[Any]) -> bool:
    return any(isinstance(value, dict) for value in values)


def _put_back(value: Any, path: Path, before: Any) -> Any:
    """The value as it was before something inside it changed."""
    value = copy.deepcopy(value)
    node = value
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = before
    return value
