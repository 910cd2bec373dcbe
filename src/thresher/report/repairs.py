"""What was done about labels: corrections that the run was given, and stages that repaired some."""

from typing import Any

from thresher.report.facts import Facts
from thresher.report.summary import mark, score
from thresher.report.words import count, listed, percent

_DONE = {
    "relabel": "relabelled",
    "drop": "dropped",
    "soften": "softened",
    "weigh": "weighed down",
    "keep": "confirmed",
    "review": "left to review",
}


def corrected(facts: Facts) -> dict[str, Any] | None:
    """The score on corrected labels, beside that on the given ones; None where nothing was corrected."""
    found = facts.metrics.get("oof_corrected")
    if not found:
        return None
    counts = facts.metrics.get("corrections", {})
    told = [f"{number:,} {_DONE.get(name, name)}" for name, number in counts.items()]
    return {**score("accuracy", found.get("accuracy", {})), "counts": listed(told)}


def repaired(facts: Facts) -> str:
    """A sentence on each model whose labels were repaired on the way; empty where none were."""
    text = ""
    for name, one in list(facts.metrics.get("repaired", {}).items())[:4]:
        stages = _stages(facts.recipe.get("models", {}).get(name, {}))
        actions = listed(list(dict.fromkeys(_named(stage.get("action", "soften")) for stage in stages)))
        text += (
            f"Before {name} learned, {percent(one['share'])} of its training photos got another lesson than "
            f"their given label ({actions}). "
        )
    return text


def honesty(facts: Facts) -> list[dict[str, str]]:
    """Whether repaired labels make the score too good."""
    models = facts.recipe.get("models", {})
    judged = {name: _stages(model) for name, model in models.items()}
    found = []
    for name, stages in judged.items():
        sources = list(dict.fromkeys(stage["scores"] for stage in stages if stage.get("scores")))
        if sources:
            text = (
                f"The labels of {name} were judged by scores of {listed(sources)}, whose models saw labels "
                "of the fold that is scored: the score is a little too good. Leave scores out of the repair "
                "stage for one that can be believed."
            )
            found.append(mark("warn", text))
    own = [name for name, stages in judged.items() if any(not stage.get("scores") for stage in stages)]
    if own:
        text = f"The labels of {listed(own)} were repaired among the training photos of a fold alone."
        found.append(mark("good", text))
    if facts.metrics.get("oof_corrected"):
        number = sum(facts.metrics.get("corrections", {}).values())
        text = (
            f"{count(number, 'label')} of training photos came with a correction; all photos are scored by "
            "their given labels. If scores of these photos led to the corrections, both numbers are a little "
            "too good."
        )
        found.append(mark("warn", text))
    return found


def _stages(model: dict[str, Any]) -> list[dict[str, Any]]:
    return [stage for stage in model.get("stages") or [] if stage.get("kind") == "repair"]


def _named(action: Any) -> str:
    return str(action.get("name")) if isinstance(action, dict) else str(action)
