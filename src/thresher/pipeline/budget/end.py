"""The end of a budget: what was spent on what stands in metrics.json and in the report."""

from typing import Any

from thresher.files import read_json, write_json
from thresher.pipeline.budget.diary import Entry
from thresher.pipeline.budget.purse import Purse


def write_end(purse: Purse) -> None:
    """Writes the table of steps into the run's metrics and draws its report anew."""
    run = purse.space.run
    metrics = read_json(run.metrics)
    steps = [told(one) for _, one in sorted(purse.diary.steps.items())]
    metrics["budget"] = {
        "seconds": purse.clock.budget,
        "spent": round(purse.clock.elapsed, 1),
        "steps": steps,
    }
    write_json(run.metrics, metrics)
    from thresher.report import write_report

    write_report(run)


def told(step: Entry) -> dict[str, Any]:
    """A step as metrics.json has it."""
    keys = ("name", "state", "forecast", "seconds", "alone", "together", "kept", "why")
    found = {key: getattr(step, key) for key in keys}
    return {**found, "seconds": round(step.seconds, 1)}
