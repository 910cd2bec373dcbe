"""Long arrays in pieces that a core's cache holds."""

from collections.abc import Iterator

BLOCK = 1 << 16
"""Numbers of a piece: half a megabyte."""


def blocks(count: int, width: int, size: int = BLOCK) -> Iterator[slice]:
    """Slices of ``count`` columns; ``width`` rows of each slice hold about ``size`` numbers."""
    step = max(1, size // max(width, 1))
    return (slice(start, min(start + step, count)) for start in range(0, count, step))
