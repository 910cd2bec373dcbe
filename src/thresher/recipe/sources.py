"""A recipe for photos of several origins, where nothing says which photo comes from where."""

from typing import Any

from thresher.recipe.schema import Recipe


def without_source(recipe: Recipe) -> Recipe:
    """The same recipe with all photos as one source: what chooses among sources chooses nothing.

    ``data.source`` becomes null, sampling takes all photos where it took those of some sources, and folds
    that score the photos of one source score all. A recipe that names no source comes back as it is.
    """
    whole = recipe.model_dump()
    plain = {
        **whole,
        "data": {**whole["data"], "source": None},
        "folds": _folds(whole["folds"]),
        "models": {name: _model(model) for name, model in whole["models"].items()},
    }
    return recipe if plain == whole else Recipe.model_validate(plain)


def _folds(rule: dict[str, Any]) -> dict[str, Any]:
    """The rule inside one that scores one source; what holds for every rule is the outer one's."""
    if rule["name"] == "one_source":
        shared = {key: rule[key] for key in ("near_duplicates", "report_leak")}
        return _folds({**rule["rule"], **shared})
    return {**rule, "rule": _folds(rule["rule"])} if "rule" in rule else rule


def _model(model: dict[str, Any]) -> dict[str, Any]:
    stages = (
        {**stage, "sampling": _sampling(stage["sampling"])} if stage["kind"] == "train" else stage
        for stage in model["stages"]
    )
    return {**model, "stages": tuple(stages)}


def _sampling(part: dict[str, Any]) -> dict[str, Any]:
    if part["name"] == "source_filter":
        return {"name": "all"}
    if part["name"] != "chain":
        return part
    parts = type(part["parts"])(one for one in map(_sampling, part["parts"]) if one["name"] != "all")
    return {**part, "parts": parts} if parts else {"name": "all"}
