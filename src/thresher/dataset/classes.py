"""The list of classes: explicit, or the labels there are in an order that people expect."""

import re
from collections.abc import Iterable

from thresher.errors import DataError, name_some


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key that puts '2' before '10' and 'b2' before 'b10'; equal only for equal texts."""
    parts = re.split(r"([0-9]+)", text)
    key = tuple((0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts if part)
    return (*key, (-1, 0, text))


def class_list(labels: Iterable[str], given: tuple[str, ...] | None) -> tuple[str, ...]:
    """The classes in the order of every score matrix.

    Args:
        labels: the labels that there are.
        given: the recipe's ``data.classes``; these win.

    Raises:
        DataError: a class is given twice, or has no name.
    """
    if given is None:
        return tuple(sorted(set(labels), key=natural))
    twice = sorted({name for name in given if given.count(name) > 1})
    if twice or not all(name.strip() for name in given):
        raise DataError(
            f"data.classes: {name_some(twice)} stands twice" if twice else "data.classes: a class has no name"
        )
    return given
