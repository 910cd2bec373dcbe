"""Charts as SVG that takes its colours from the page, so that it is legible on light and on dark.

Matplotlib draws with stand-in colours; each is then replaced by a CSS variable. Text stays text: it is set
in the page's font and read aloud. Equal numbers make equal bytes.
"""

import re
import warnings
from collections.abc import Callable, Sequence
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd

from thresher.metrics.abstain import Curve
from thresher.metrics.calibration import Reliability
from thresher.report.facts import History

INK, MUTED, LINE, ACCENT, SECOND = "#010203", "#020304", "#030405", "#040506", "#050607"
_VARIABLES = {INK: "--ink", MUTED: "--muted", LINE: "--line", ACCENT: "--accent", SECOND: "--second"}
_SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "axes.formatter.useoffset": False,
    "lines.solid_capstyle": "round",
}
SIZE = (4.4, 2.9)
"""Inches; 317 x 209 points: a phone shows it at its own size."""


def learning_curves(histories: Sequence[History], name: str) -> dict[str, str]:
    """The curves of one model's jobs, one line each; ``name`` goes into the ids.

    Returns:
        ``loss`` (training dashed, validation solid) and ``accuracy`` as SVG, the latter only where it was
        measured.
    """
    found = {"loss": draw(f"{name}-loss", lambda axes: _curves(axes, histories, "train_loss", "valid_loss"))}
    if any("valid_accuracy" in one.frame and one.frame["valid_accuracy"].notna().any() for one in histories):
        found["accuracy"] = draw(f"{name}-accuracy", lambda axes: _curves(axes, histories, "valid_accuracy"))
    return found


def _curves(axes: Any, histories: Sequence[History], *columns: str) -> None:
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    styles = {
        "train_loss": (SECOND, (0, (3, 2))),
        "valid_loss": (ACCENT, "-"),
        "valid_accuracy": (ACCENT, "-"),
    }
    labels = {"train_loss": "training", "valid_loss": "validation", "valid_accuracy": "validation"}
    boundaries: set[int] = set()
    for number, one in enumerate(histories):
        epochs, starts = _continued(one.frame)
        boundaries |= starts
        for column in columns:
            if column not in one.frame or one.frame[column].isna().all():
                continue
            colour, line = styles[column]
            dot = "o" if len(epochs) == 1 else None
            label = labels[column] if number == 0 else None
            values = one.frame[column].to_numpy(dtype=float)
            axes.plot(
                epochs,
                values,
                color=colour,
                linestyle=line,
                alpha=0.85,
                lw=1.4,
                marker=dot,
                ms=4,
                label=label,
            )
    for place in sorted(boundaries):
        axes.axvline(place + 0.5, color=MUTED, lw=0.8, linestyle=(0, (1, 2)))
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    if "valid_accuracy" in columns:
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    if len(columns) > 1 and axes.lines:
        axes.legend(frameon=False, labelcolor=MUTED, handlelength=1.8, borderaxespad=0.2)


def _continued(frame: pd.DataFrame) -> tuple[np.ndarray, set[int]]:
    """Epochs counted on through the stages (E,), and the epochs after which a new stage begins."""
    stages = frame["stage"].to_numpy() if "stage" in frame else np.zeros(len(frame))
    changes = np.flatnonzero(np.diff(stages)) + 1
    return np.arange(1, len(frame) + 1), {int(change) for change in changes}


def reliability_diagram(found: Reliability, name: str = "reliability") -> str:
    """Share of right answers against their probability, dots as large as the number of answers."""

    def paint(axes: Any) -> None:
        from matplotlib.ticker import PercentFormatter

        full = found.count > 0
        size = 14 + 160 * found.count[full] / max(found.count.max(), 1)
        axes.plot([0, 1], [0, 1], color=MUTED, lw=1, linestyle=(0, (3, 3)))
        axes.vlines(
            found.confidence[full], found.confidence[full], found.accuracy[full], color=SECOND, lw=1.6
        )
        axes.plot(found.confidence[full], found.accuracy[full], color=ACCENT, lw=1.2, alpha=0.6)
        axes.scatter(found.confidence[full], found.accuracy[full], s=size, color=ACCENT, zorder=3)
        axes.set(xlim=(0, 1.03), ylim=(0, 1.03), xlabel="probability of the answer", ylabel="right answers")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(PercentFormatter(1.0, decimals=0))

    return draw(name, paint)


def abstain_diagram(found: Curve, goal: float) -> str:
    """Accuracy against the share of photos that are answered, with its interval and the goal."""

    def paint(axes: Any) -> None:
        from matplotlib.ticker import PercentFormatter

        axes.axhline(goal, color=MUTED, lw=1, linestyle=(0, (3, 3)))
        axes.fill_between(found.answered, found.low, found.high, color=ACCENT, alpha=0.22, lw=0)
        dot = "o" if len(found.answered) == 1 else None
        axes.plot(found.answered, found.accuracy, color=ACCENT, lw=1.6, marker=dot)
        floor = min(float(found.low.min()), goal - 0.02)
        axes.set(xlim=(0, 1.0), ylim=(floor - 0.05 * (1 - floor), 1 + 0.03 * (1 - floor)))
        axes.set(xlabel="photos that are answered", ylabel="right answers among them")
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))

    return draw("abstain", paint)


def draw(name: str, paint: Callable[[Any], None], size: tuple[float, float] = SIZE) -> str:
    """One axes as an SVG element for a page.

    Args:
        name: goes into the element's ids, so that two charts of a page share none.
        paint: draws on the axes it is given.
        size: inches.
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    # A user's matplotlibrc must not change the page.
    usual = {key: value for key, value in matplotlib.rcParamsDefault.items() if "backend" not in key}
    settings: Any = {**usual, **_SETTINGS, "svg.hashsalt": name}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # glyphs that matplotlib's own font lacks: the page's font has them
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        paint(figure.add_subplot())
        text = StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _for_page(text.getvalue(), name)


def _for_page(svg: str, name: str) -> str:
    """Only the element, with the page's colours and font, and with ids of its own."""
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.S)
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
    svg = re.sub(r' id="([^"]+)"', lambda match: f' id="{name}-{match[1]}"' if match[1] in used else "", svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\1{name}-", svg)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, f"var({variable})")
    svg = re.sub(r"font: ([\d.]+)px [^;\"]+", r"font-size: \1px", svg)
    return svg.replace("<svg ", '<svg aria-hidden="true" ', 1)
