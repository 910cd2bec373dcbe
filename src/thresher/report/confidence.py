"""Whether the probabilities can be believed, and what passing over unsure photos gives."""

from typing import Any

from thresher.metrics.abstain import GOAL, abstain_curve
from thresher.metrics.calibration import reliability
from thresher.metrics.confidence import confidence
from thresher.metrics.temperature import calibrate_nested
from thresher.report import charts
from thresher.report.facts import Facts
from thresher.report.words import metric, percent, span

STEPS = 6
"""Thresholds in the table."""


def calibration(facts: Facts) -> dict[str, Any] | None:
    """The diagrams before and after the temperature, the scores of both, and the curve of passing over.

    Returns:
        ``temperature``, ``words`` on it, ``rows`` (name, before, after), ``charts`` (title, SVG), ``reach``
        in words, ``steps`` of the curve; None without out-of-fold scores.
    """
    if facts.oof is None:
        return None
    groups = _groups(facts)
    found = facts.metrics.get("calibration") or confidence(facts.oof, groups=groups)
    after = calibrate_nested(facts.oof, groups)
    bins = [reliability(one.targets, one.scores) for one in (facts.oof, after)]
    curve = abstain_curve(after, groups=groups)
    return {
        "temperature": f"{found['temperature']:.2f}",
        "words": _words(found["temperature"]),
        "rows": [
            (
                "Expected calibration error",
                *(_cell(percent(found["ece"][key])) for key in ("before", "after")),
            ),
            ("Log-loss", *(_loss(found["log_loss"][key]) for key in ("before", "after"))),
        ],
        "charts": [
            (title, charts.reliability_diagram(one, f"reliability-{key}"))
            for title, key, one in zip(
                ("Before: as the model says", "After: at the temperature"),
                ("before", "after"),
                bins,
                strict=True,
            )
        ],
        "abstain": charts.abstain_diagram(curve, GOAL),
        "reach": _reach(found["abstain"]),
        "steps": [
            {
                "threshold": percent(curve.threshold[place]),
                "answered": percent(curve.answered[place]),
                "accuracy": _cell(
                    percent(curve.accuracy[place]),
                    span("accuracy", {"low": curve.low[place], "high": curve.high[place]}),
                ),
            }
            for place in _even(len(curve.threshold))
        ],
    }


def _groups(facts: Facts) -> Any:
    """The group of each scored row; None where there are no groups."""
    if not facts.has_groups or facts.oof is None:
        return None
    return facts.dataset.frame.set_index("image_id")["group"].reindex(facts.oof.ids).to_numpy(dtype=object)


def _words(temperature: float) -> str:
    if temperature > 1.05:
        return "the model is too sure of itself"
    return "the model is too modest" if temperature < 0.95 else "the model is about as sure as it should be"


def _reach(found: dict[str, Any]) -> str:
    """What the goal costs, in one sentence."""
    goal = percent(found["goal"], 0)
    if found["threshold"] is None:
        return f"No threshold makes {goal} of the answers right."
    answered, accuracy = found["answered"], found["accuracy"]
    return (
        f"For {goal} right answers, pass over photos below {percent(found['threshold'])}: "
        f"{percent(answered['value'])} of the photos are then answered, and {percent(accuracy['value'])} of "
        f"those rightly ({span('accuracy', accuracy)}). Each fold was judged by the threshold of the others."
    )


def _even(count: int) -> list[int]:
    """About ``STEPS`` places, evenly, the last one with them."""
    step = max(1, round(count / STEPS))
    return sorted(range(count - 1, -1, -step))


def _cell(text: str, interval: str = "") -> dict[str, Any]:
    return {"text": text, "span": interval, "drawn": None}


def _loss(interval: dict[str, Any]) -> dict[str, Any]:
    return _cell(metric("log_loss", interval["value"]), span("log_loss", interval))
