"""Which parts and keys of a model do not go together; said when the recipe is read, not in mid-run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from thresher import registry
from thresher.errors import RecipeError
from thresher.recipe.part import build

if TYPE_CHECKING:
    from thresher.recipe.schema import ModelSection, TrainStage


def made(key: str, family: str, spec: dict[str, Any], *given: Any) -> Any:
    """Constructs a part: what is wrong among its settings is said of the recipe's key.

    Raises:
        ValueError: its settings do not go together.
    """
    try:
        return build(family, spec, *given)
    except RecipeError as error:
        raise ValueError(f"{key}: {error}") from None


def check_views(views: Sequence[dict[str, Any]], linear: bool = False) -> None:
    """Views can be made, and their weights have something to weigh.

    Raises:
        ValueError: they cannot or do not.
    """
    for spec in views:
        made("views", "views", spec)
    if any(spec["weight"] != 1 for spec in views) and (linear or len(views) == 1):
        raise ValueError("views: weight has no effect in a linear stage, or on one view alone")


def check_stage(stage: "TrainStage", last: bool) -> None:
    """The parts of a stage can be made, and go together with its epochs and with choosing among them.

    Raises:
        ValueError: they cannot or do not.
    """
    import torch

    for key in ("augment", "mixing", "sampling"):
        made(key, key, getattr(stage, key))

    group = {"params": [torch.nn.Parameter(torch.zeros(1))], "lr": 1e-3, "weight_decay": 0.0}
    optimizer = made("optimizer", "optim", stage.optimizer, [group])
    average = made("averaging", "averaging", stage.averaging, torch.nn.Module())
    schedule = made("schedule", "schedules", stage.schedule)
    parts = {"schedule": schedule, "averaging": average}
    for key, part in parts.items():
        name = getattr(stage, key)["name"]
        try:
            part.check(stage.epochs)
        except RecipeError as error:
            raise ValueError(f"{key} {name!r}: {error}") from None
        if part.needs_score and stage.select is None:
            raise ValueError(f"{key} {name!r} needs a score after each epoch: add select")
    name = stage.averaging["name"]
    if name != "none" and optimizer.modes:
        raise ValueError(f"averaging: the optimizer {stage.optimizer['name']!r} keeps an average of its own")
    best = stage.select is not None and stage.select.keep == "best"
    if best and (average.needs_score or average.several):
        raise ValueError(
            f"averaging {name!r} has no effect where the best epoch is kept: select: {{keep: last}}"
        )
    if average.several and not last:
        raise ValueError(f"averaging {name!r} makes several models: it can only stand in the last stage")


def takes_linear(head: dict[str, Any]) -> bool:
    """Whether a head can take the matrix that a linear stage fits."""
    return bool(getattr(registry.family("heads").get(head["name"]).load(), "takes_linear", False))


def refuse_linear(model: "ModelSection") -> None:
    """A linear stage fits one matrix on the pretrained features of whole photos.

    Raises:
        ValueError: the model has no such matrix or no such features.
    """
    if not takes_linear(model.head):
        raise ValueError(f"head {model.head['name']!r} cannot take the solution of a linear stage")
    for key, plain in (("tiles", None), ("starts_from", None), ("normalise", "model"), ("unknown", False)):
        if getattr(model, key) != plain:
            raise ValueError(
                f"{key} does not go with a linear stage, which fits the head on pretrained features"
            )
    if model.pooling["name"] == "gem":
        raise ValueError("pooling 'gem' learns its power: it does not go with a linear stage")


def check_loss(stage: "TrainStage", head: str, last: bool, soft: bool = False) -> None:
    """The loss must understand the head's logits, the mixer's targets, and soft ones where labels are soft.

    Raises:
        ValueError: it does not.
    """
    loss = made("loss", "losses", stage.loss)
    name = stage.loss["name"]
    if loss.heads and head not in loss.heads:
        raise ValueError(f"loss {name!r} needs the head {' or '.join(loss.heads)}, not {head!r}")
    if loss.needs_teacher:
        raise ValueError(
            f"loss {name!r} needs a teacher's scores for every photo; it can be used from Python alone"
        )
    if loss.index_only and stage.mixing["name"] != "none":
        raise ValueError(f"mixing does not go with the loss {name!r}, which needs one class per photo")
    if loss.index_only and soft:
        raise ValueError(
            f"loss {name!r} needs one class per photo, and a repair stage before it makes soft labels"
        )
    if not loss.trains_head and stage.layers == "head":
        raise ValueError(f"loss {name!r} teaches the backbone alone: with layers: head nothing would learn")
    if not loss.trains_head and last:
        raise ValueError(
            f"loss {name!r} does not train the head: combine it, or let a stage follow that does"
        )


def check_start(name: str, source: str | None, models: "dict[str, ModelSection]") -> None:
    """A model starts from a model of the same network.

    Raises:
        ValueError: it does not.
    """
    if source is None:
        return
    where = f"models.{name}.starts_from"
    mine, other = models[name], models[source]
    for key in ("backbone", "pooling", "tiles", "normalise", "unknown"):
        if getattr(mine, key) != getattr(other, key):
            raise ValueError(f"{where}: {source} has another {key}")
    first = next((stage for stage in mine.stages if stage.kind != "repair"), None)
    if mine.head != other.head and not getattr(first, "new_head", False):
        raise ValueError(f"{where}: {source} has another head; say new_head: true in the first stage")
    missing = set(mine.seeds) - set(other.seeds)
    if missing:
        raise ValueError(f"{where}: {source} has no job with the seeds {sorted(missing)}")
    if mine.weights != "auto":
        raise ValueError(f"models.{name}.weights has no effect with starts_from")
