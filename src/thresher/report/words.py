"""Numbers and facts as a person reads them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

NAMES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "macro_f1": "Macro F1",
    "log_loss": "Log-loss",
}


def percent(share: float | None, digits: int = 1) -> str:
    """``0.9243`` -> ``92.4 %``; a dash where there is nothing."""
    return "–" if share is None or not math.isfinite(share) else f"{100 * share:.{digits}f}\u202f%"


def metric(name: str, value: float | None) -> str:
    """A log-loss with three digits, every other metric as a percentage."""
    if name != "log_loss":
        return percent(value)
    return "–" if value is None or not math.isfinite(value) else f"{value:.3f}"


def span(name: str, interval: Mapping[str, Any]) -> str:
    """``90.9 to 93.8 %``."""
    low, high = interval.get("low"), interval.get("high")
    if low is None or high is None:
        return ""
    if name == "log_loss":
        return f"{low:.3f} to {high:.3f}"
    return f"{100 * low:.1f} to {percent(high)}"


def duration(seconds: float) -> str:
    """``48 s``, ``3 min 20 s``, ``2 h 05 min``."""
    if seconds < 99.5:
        return f"{seconds:.0f} s" if seconds >= 9.5 else f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    if minutes < 10:
        return f"{int(seconds + 0.5) // 60} min {int(seconds + 0.5) % 60:02d} s"
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"


def count(number: int, one: str, many: str | None = None) -> str:
    """``1 photo``, ``1,228 photos``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def flat(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """The leaves of nested mappings and lists as ``(dotted name, text)``."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from flat(inner, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, (list, tuple)) and any(
        isinstance(inner, (Mapping, list, tuple)) for inner in value
    ):
        for index, inner in enumerate(value):
            yield from flat(inner, f"{prefix}.{index}")
    elif isinstance(value, (list, tuple)):
        yield prefix, ", ".join(str(inner) for inner in value)
    elif isinstance(value, float):
        yield prefix, f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    elif value is not None:
        yield prefix, str(value)
