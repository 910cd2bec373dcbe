"""Which settings of a repair stage make sense, and where among the stages it may stand."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from thresher import registry
from thresher.recipe.part import build
from thresher.recipe.together import check_views, made

if TYPE_CHECKING:
    from thresher.recipe.schema import ModelSection, RepairStage, Stage

FINDER = {"name": "combined"}
"""What judges labels where a recipe does not say."""


def finder_by_default(value: Any) -> Any:
    """A repair stage as the recipe wrote it, with a finder where its action asks for one."""
    if not isinstance(value, dict) or value.get("find") is not None:
        return value
    action = value.get("action", "soften")
    name = action.get("name") if isinstance(action, dict) else action
    known = registry.family("repair").parts.get(str(name))  # of another name, the action's own check tells
    needs = known is not None and getattr(known.load(), "needs_finder", False)
    return {**value, "find": FINDER} if needs else value


def check_repair(stage: "RepairStage") -> None:
    """Action and finder can be made, and every key has an effect.

    Raises:
        ValueError: they cannot, or a key has none.
    """
    name = stage.action["name"]
    action = made("action", "repair", stage.action)
    if not action.acts:
        raise ValueError(f"action {name!r} changes nothing that a model learns: see `thresher labels`")
    if stage.find is not None:
        if not action.needs_finder:
            raise ValueError(f"find has no effect with action: {name}, which asks for no finder")
        if "members" in made("find", "labels", stage.find).needs and stage.scores is None:
            raise ValueError(
                f"find {stage.find['name']!r} compares several models: name one with several seeds in scores"
            )
    looks = needs_features(stage)
    if looks:
        check_views(stage.views, linear=True)
    if stage.scores is None:
        return
    views = () if looks else ("views",)
    for key in ("penalties", "inner_folds", "rounds", *views):
        if getattr(stage, key) != _default(stage, key):
            raise ValueError(f"{key} has no effect with scores, which come from another model")


def _default(stage: "RepairStage", key: str) -> Any:
    """What stands at a key where a recipe says nothing; parts completed."""
    value = type(stage).model_fields[key].default
    if key != "views":
        return value
    return tuple({"name": name, **registry.family("views").check(name, {})} for name in value)


def check_order(stages: "Sequence[Stage]") -> None:
    """Repair stages come before a stage that learns, a linear stage before all gradient stages.

    Raises:
        ValueError: they do not.
    """
    if stages and stages[-1].kind == "repair":
        raise ValueError("a repair stage says what the stages after it are taught: it cannot be the last one")
    learning = [stage.kind for stage in stages if stage.kind != "repair"]
    if "linear" in learning[1:]:
        raise ValueError("a linear stage is fitted on the backbone as it was loaded: it can only come first")


def refuse_unpooled(model: "ModelSection") -> None:
    """Labels are judged on the pretrained features of whole photos, unless another model's scores do it.

    Raises:
        ValueError: the model has no such features.
    """
    if not any(needs_features(stage) for stage in model.stages if stage.kind == "repair"):
        return
    if model.tiles is not None:
        raise ValueError("tiles do not go with a repair stage, which looks at whole photos")
    if model.pooling["name"] == "gem":
        raise ValueError("pooling 'gem' learns its power: a repair stage cannot use it untrained")


def needs_features(stage: "RepairStage") -> bool:
    """Whether a stage looks at features of the frozen backbone: for heads of its own, or for its finder."""
    if stage.scores is None:
        return True
    if stage.find is None:
        return False
    finder = build("labels", stage.find)
    return "embeddings" in (*finder.needs, *finder.wants)


def softens(stage: "Stage") -> bool:
    """Whether photos may teach several classes after a stage."""
    if stage.kind != "repair":
        return False
    return bool(build("repair", stage.action).softens)


def sources_of(model: "ModelSection") -> dict[str, str]:
    """The models of the recipe that must be finished before this one, by the key that names them."""
    found = {} if model.starts_from is None else {"starts_from": model.starts_from}
    for number, stage in enumerate(model.stages):
        if stage.kind == "repair" and stage.scores is not None:
            found[f"stages.{number}.scores"] = stage.scores
    return found


def check_sources(name: str, models: "Mapping[str, ModelSection]") -> None:
    """The models that a model needs stand in the recipe, and do not need it in turn.

    Raises:
        ValueError: they do not.
    """
    for key, source in sources_of(models[name]).items():
        where = f"models.{name}.{key}"
        if source not in models:
            raise ValueError(f"{where}: no model is named {source!r}{registry.nearest(source, models)}")
        seen, todo = set[str](), [source]
        while todo:
            one = todo.pop()
            if one == name:
                both = " and ".join(sorted({name, source}))
                raise ValueError(f"{where}: {both} would need each other")
            if one not in seen and one in models:
                seen.add(one)
                todo += sources_of(models[one]).values()
        for stage in models[name].stages:
            if stage.kind == "repair" and stage.scores == source and stage.find is not None:
                needs = build("labels", stage.find).needs
                if "members" in needs and len(models[source].seeds) < 2:
                    raise ValueError(f"{where}: find {stage.find['name']!r} needs several seeds of {source}")
