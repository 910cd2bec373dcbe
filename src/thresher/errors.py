"""Errors that a user can act on. The command line prints them without a traceback and exits with code 2."""

from collections.abc import Sequence


class ThresherError(Exception):
    """Something the user can put right; the message says what, where and how."""


class DataError(ThresherError):
    """The data set cannot be used as it is."""


class RecipeError(ThresherError):
    """The recipe, or an override of it, is wrong."""


class WeightsError(ThresherError):
    """Pretrained weights cannot be had."""


class RunError(ThresherError):
    """The run folder cannot be written, is in use, or holds something else."""


class LeakError(ThresherError):
    """Rows that belong together stand in different folds."""


def name_some(items: Sequence[object], most: int = 5) -> str:
    """Names the first few of many items: ``'a', 'b' and 3 more``."""
    shown = ", ".join(repr(item) if isinstance(item, str) else str(item) for item in items[:most])
    rest = len(items) - most
    return f"{shown} and {rest:,} more" if rest > 0 else shown
