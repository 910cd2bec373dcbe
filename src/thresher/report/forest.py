"""Differences with their intervals as a small picture."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from thresher.metrics.intervals import Interval
from thresher.report.charts import ACCENT, INK, MUTED, SECOND, SIZE, draw

ROW, MARGIN = 0.34, 0.75
"""Inches of a row, and of what stands above and below the rows."""
LETTERS = 26


def forest(name: str, rows: Sequence[tuple[str, Interval, bool]], label: str, lower: bool = False) -> str:
    """A forest plot: a line from low to high and a dot for each difference, zero upright between them.

    Args:
        name: goes into the ids of the SVG.
        rows: what it is called, the difference with its interval, and whether it is seen; top to bottom.
        label: of the axis, with the unit.
        lower: whether less is better.

    Returns:
        SVG; what is seen is drawn full, better in one colour and worse in the other.
    """
    values = np.array([[one["low"], one["value"], one["high"]] for _, one, _ in rows], dtype=float)

    def paint(axes: Any) -> None:
        axes.axvline(0, color=INK, lw=1)
        for place, (low, value, high) in enumerate(values):
            seen = rows[place][2]
            colour = ACCENT if (value > 0) != lower else SECOND
            colour = colour if seen else MUTED
            axes.plot([low, high], [place, place], color=colour, lw=2.2)
            axes.plot(value, place, marker="o", ms=6.5, color=colour)
        axes.set_yticks(range(len(rows)), [_short(text) for text, _, _ in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.grid(visible=False, axis="y")
        reach = max(float(np.abs(values).max()), 1e-9) * 1.08
        axes.set_xlim(-reach, reach)
        axes.set_xlabel(label)
        axes.spines["left"].set_visible(False)

    return draw(name, paint, (SIZE[0] * 1.1, MARGIN + ROW * len(rows)))


def _short(text: str) -> str:
    return text if len(text) <= LETTERS else text[: LETTERS - 1] + "…"
