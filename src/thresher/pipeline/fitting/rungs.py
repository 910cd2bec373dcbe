"""The ways to make a recipe smaller, in the order in which they are tried: what costs least comes first."""

import copy
import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from thresher.optim.rates import rate_and_decay, with_rate
from thresher.pipeline.fitting.epochs import at_most
from thresher.pipeline.fitting.trees import (
    STEP,
    Tree,
    drop_model,
    epochs_of,
    few_views,
    needed,
    rounded,
    tiles_of,
    train_stages,
)
from thresher.pipeline.fitting.weights import LITE, installed, size_of
from thresher.recipe.together import takes_linear

SCORED = 1.4
"""Photos are scored at a side so many times as large as in training; see the recipe standard."""
RATE, RATE_BATCH, FEW = 1e-4, 32, 5000
"""Highest rate after a linear stage at a batch of 32, and photos below which batch norms are held."""
HEAD_RATE = 1e-3
"""Rate of a head that begins at random, ten times that of a body which is pretrained."""
WARMUP, DECAY = 0.1, 0.99
"""Share of the epochs in which the rate rises after a linear stage, and of the average of its weights."""
RESTLESS, LOW = ("constant", "plateau"), ("one_cycle", "cyclic")
"""Schedules that do not come to rest in few epochs, and those that begin at a low rate by themselves."""
FEW_EPOCHS = 8
"""Epochs of a model up to which nothing is learned by heart."""
MODELS = 40
"""Models that are taken out at most."""
STEPS = 20
"""Steps that an epoch should have at least."""
SMALLEST_BATCH = 8


@dataclass(frozen=True)
class Rung:
    """One way to make a recipe smaller.

    Attributes:
        why: one line for a person.
        make: changes a dumped recipe in place.
        always: also where it saves hardly any time, for what follows.
    """

    why: str
    make: Callable[[Tree], Any]
    always: bool = False


def rungs(side: int, labelled: int, natural: Callable[[str], int]) -> Iterator[Rung]:
    """All of them, in order; each starts from what the one before has left.

    Args:
        side: short side in pixels of most photos.
        labelled: photos that a fold's models learn from, about.
        natural: the side in pixels that a backbone was trained at.
    """
    yield Rung(
        f"the photos have {side} pixels, and the backbone was trained at a size of its own",
        lambda tree: _cap_sizes(tree, side, natural),
        always=True,
    )
    yield Rung("equal now to another model: one more seed of it", merge_equal, always=True)
    yield Rung(
        "a linear head fitted on frozen features first, so that few epochs do; what follows must not undo it",
        lambda tree: begin_linear(tree, labelled),
        always=True,
    )
    yield Rung("a new head has few steps to learn: ten times the body's rate", quick_heads, always=True)
    yield Rung(
        f"few photos: so an epoch has {STEPS} steps",
        lambda tree: _smaller_batches(tree, labelled),
        always=True,
    )
    yield Rung("fewer folds, each trained on almost as many photos", lambda tree: _folds(tree, 5))
    yield Rung("more views gain little", lambda tree: _views(tree, 4))
    yield from _epochs(20, 16, 12)
    yield Rung("one seed: the others average out noise", _one_seed)
    yield from _fewer_models(4)
    yield from _smaller_backbones()
    yield Rung("two views", lambda tree: _views(tree, 2))
    yield _train_size(192)
    yield Rung("no plateau shows in few epochs: half a cosine", _rest, always=True)
    yield from _epochs(10)
    yield _train_size(160)
    yield from _epochs(FEW_EPOCHS)
    yield from _fewer_models(2)
    yield from _smaller_backbones()
    yield Rung("fewer folds, each trained on fewer photos", lambda tree: _folds(tree, 4))
    yield Rung(
        "a step takes time whatever its photos: fewer steps", lambda tree: _larger_batches(tree, labelled)
    )
    yield from _epochs(7, 6)
    yield _train_size(128)
    yield Rung("fewer folds, each trained on fewer photos", lambda tree: _folds(tree, 3))
    yield from _epochs(5)
    yield from _fewer_models(1)
    yield from _smaller_backbones()
    yield from _epochs(4, 3, 2, 1)
    yield Rung("one view", lambda tree: _views(tree, 1))
    yield Rung("as few folds as there can be", lambda tree: _folds(tree, 2))
    # Frozen features of very small photos are poor: this comes last.
    yield _train_size(96)
    yield _train_size(64)


def begin_linear(tree: Tree, labelled: int) -> None:
    """A linear stage before the first training of each model, where its head takes one.

    What follows is for a network near its optimum: a low rate that rises first and falls at the end, an
    average of the weights, and with few photos batch norms that hold still. Without these the first epoch
    undoes the solution, and few epochs do not bring it back.
    """
    others = needed(tree)
    for name, model in tree["models"].items():
        if model["weights"] == "none" or model["starts_from"] is not None:
            continue
        first = _first_learning(model)
        if first is None or first["kind"] != "train":
            continue
        hidden = model["head"]["name"] == "mlp" and name not in others
        if not (hidden or takes_linear(model["head"])) or first["new_head"]:
            continue
        if model["tiles"] or model["unknown"] or model["pooling"]["name"] == "gem":
            continue
        if hidden:  # a hidden layer that begins at random learns little in few epochs
            model["head"] = {"name": "linear"}
        model["normalise"] = "model"
        for stage in model["stages"]:
            if stage["kind"] == "train" and stage["layers"] != "head":
                _gentle(stage, labelled)
        model["stages"].insert(model["stages"].index(first), {"kind": "linear", "views": ["plain", "hflip"]})


def _first_learning(model: Tree) -> Tree | None:
    """The first stage in which a model learns; a repair before it only changes what it is taught."""
    return next((stage for stage in model["stages"] if stage["kind"] != "repair"), None)


def quick_heads(tree: Tree) -> None:
    """Where a head begins at random, its rate in the first stage is that of heads; the body's stays."""
    for model in tree["models"].values():
        first = _first_learning(model)
        if model["weights"] == "none" or model["starts_from"] is not None or first is None:
            continue
        if first["kind"] != "train" or first["layers"] == "head" or "sgd" in str(first["optimizer"]):
            continue
        rate = rate_and_decay(first["optimizer"])[0]
        if rate < HEAD_RATE:
            first["body_lr"] *= rate / HEAD_RATE
            first["optimizer"] = with_rate(first["optimizer"], HEAD_RATE)


def plain_targets(tree: Tree) -> None:
    """Models of few epochs: no mixed photos, no smoothed labels. Both hold learning back, which pays late.

    In four epochs on 1,228 paintings cutmix and smoothing by .1 cost 6 points each
    (docs/experiments/ablation.md).
    """
    for model, stage in train_stages(tree):
        if epochs_of(model) <= FEW_EPOCHS:
            stage["mixing"] = {"name": "none"}
            stage["loss"] = _unsmoothed(stage["loss"])


def _unsmoothed(loss: Any) -> Any:
    """A loss, and those that it is made of, without smoothing."""
    if isinstance(loss, list):
        return [_unsmoothed(one) for one in loss]
    if isinstance(loss, dict):
        return {key: 0.0 if key == "smoothing" else _unsmoothed(value) for key, value in loss.items()}
    return loss


def _rest(tree: Tree) -> None:
    """No schedule waits for a plateau, or stays high to the end."""
    for _, stage in train_stages(tree):
        if "schedule_free" not in str(stage["optimizer"]) and stage["schedule"]["name"] in RESTLESS:
            stage["schedule"] = {"name": "cosine", "warmup": WARMUP}


def _gentle(stage: Tree, labelled: int) -> None:
    """Rates of a train stage that a network near its optimum bears; the body's own stays, if it is below."""
    if labelled < FEW:
        stage["batch_norm"] = "frozen"
    names = str(stage["optimizer"])
    if "schedule_free" not in names:  # which is a schedule and an average by itself
        if stage["schedule"]["name"] in RESTLESS:
            stage["schedule"] = {"name": "cosine", "warmup": 0.0}
        if stage["schedule"]["name"] not in LOW and stage["schedule"]["warmup"] == 0:
            stage["schedule"] = {**stage["schedule"], "warmup": WARMUP}
        if stage["averaging"]["name"] == "none":
            stage["averaging"] = {"name": "ema", "decay": DECAY}
    rate, most = rate_and_decay(stage["optimizer"])[0], RATE * min(1.0, stage["batch_size"] / RATE_BATCH)
    if "sgd" not in names and rate > most:
        stage["body_lr"] = min(1.0, stage["body_lr"] * rate / most)
        stage["optimizer"] = with_rate(stage["optimizer"], most)


def merge_equal(tree: Tree) -> None:
    """Of models that differ in nothing but seeds and views one is left, with as many seeds as they had."""
    wanted, seen = needed(tree), dict[str, str]()
    for name, model in list(tree["models"].items()):
        plain = str({key: value for key, value in model.items() if key not in ("seeds", "views", "combine")})
        if plain not in seen or {name, seen[plain]} & wanted or model["starts_from"] is not None:
            seen.setdefault(plain, name)
            continue
        kept = tree["models"][seen[plain]]
        count = len(kept["seeds"]) + len(model["seeds"])
        extra = (seed for seed in itertools.count() if seed not in kept["seeds"])
        kept["seeds"] = [*kept["seeds"], *itertools.islice(extra, count - len(kept["seeds"]))]
        drop_model(tree, name, seen[plain])


def _cap_sizes(tree: Tree, side: int, natural: Callable[[str], int]) -> None:
    for model in tree["models"].values():
        step = STEP * tiles_of(model)
        most = max(
            step, min(rounded(side, step), rounded(natural(model["backbone"]), step) * tiles_of(model))
        )
        model["image_size"] = min(model["image_size"], most)
        for stage in model["stages"]:
            if stage["kind"] == "train" and stage["image_size"] is not None:
                stage["image_size"] = min(stage["image_size"], most)


def _train_at(tree: Tree, size: int) -> None:
    """Train stages at a size at most, and scoring at a somewhat larger one."""
    for model in tree["models"].values():
        step = STEP * tiles_of(model)
        trained = max(step, rounded(size * tiles_of(model), step)) if model["tiles"] else size
        scored = min(model["image_size"], max(step, rounded(trained * SCORED, step)))
        for stage in model["stages"]:
            if stage["kind"] == "train" and (stage["image_size"] or model["image_size"]) > trained:
                stage["image_size"] = trained
        if any(stage["kind"] == "train" for stage in model["stages"]):
            model["image_size"] = scored


def _smaller_batches(tree: Tree, labelled: int) -> None:
    for _, stage in train_stages(tree):
        while stage["batch_size"] >= 2 * SMALLEST_BATCH and labelled / stage["batch_size"] < STEPS:
            stage["batch_size"] //= 2


def _larger_batches(tree: Tree, labelled: int) -> None:
    """Batches of up to 32, as long as an epoch keeps its steps; after a linear stage the rate grows along."""
    for model, stage in train_stages(tree):
        larger = stage["batch_size"]
        while larger * 2 <= RATE_BATCH and labelled / (larger * 2) >= STEPS:
            larger *= 2
        rate = rate_and_decay(stage["optimizer"])[0]
        grown = min(RATE, rate * larger / stage["batch_size"])
        begun = any(one["kind"] == "linear" for one in model["stages"])
        if begun and grown > rate and "sgd" not in str(stage["optimizer"]):
            stage["optimizer"] = with_rate(stage["optimizer"], grown)
        stage["batch_size"] = larger


def _folds(tree: Tree, most: int) -> None:
    folds = tree["folds"]
    if folds["name"] == "repeated":
        kept = {key: folds[key] for key in ("near_duplicates", "report_leak")}
        tree["folds"] = folds = {**folds["rule"], **kept}
    if "n" in folds:
        folds["n"] = min(folds["n"], most)


def _views(tree: Tree, most: int) -> None:
    for model in tree["models"].values():
        model["views"] = few_views(model["views"], most)
        for stage in model["stages"]:
            if stage["kind"] != "train" and (stage["kind"] == "linear" or stage["scores"] is None):
                stage["views"] = few_views(stage["views"], most)


def _one_seed(tree: Tree) -> None:
    for name, model in tree["models"].items():
        judged = any(
            stage.get("scores") == name for one in tree["models"].values() for stage in one["stages"]
        )
        model["seeds"] = model["seeds"][: 2 if judged else 1]


def _epochs(*counts: int) -> Iterator[Rung]:
    """Rungs that leave at most so many epochs to each model, and few of them without what pays late only."""

    def shorten(tree: Tree, most: int) -> None:
        plain_targets(at_most(tree, most))

    for most in counts:
        why = "pretrained networks need few epochs" if most >= 10 else "epochs: for the time"
        if most <= FEW_EPOCHS:
            why += "; nothing is learned by heart in few: no mixed photos, no smoothed labels"
        yield Rung(why, functools.partial(shorten, most=most))


def _train_size(size: int) -> Rung:
    return Rung("smaller photos train faster", lambda tree: _train_at(tree, size))


def _smaller_backbones() -> Iterator[Rung]:
    """Rungs that step down within the bundled family."""
    for larger, smaller in itertools.pairwise(LITE):
        step = functools.partial(_smaller, larger=larger, smaller=smaller)
        yield Rung("a smaller backbone of the same family", step)


def _fewer_models(most: int) -> Iterator[Rung]:
    """Rungs that each take out one model, until there are at most so many."""

    def drop(tree: Tree) -> None:
        for _ in range(max(1, (len(tree["models"]) - most) // 4)):  # of very many, several at once
            name = least_valuable(tree)
            if len(tree["models"]) > most and name is not None:
                drop_model(tree, name)

    for _ in range(MODELS):
        yield Rung("fewer models: those that are left are the most unlike each other", drop)


def least_valuable(tree: Tree) -> str | None:
    """The model whose absence costs the least: one that shares its backbone, the dearest of these first.

    Of the last two, if they do not share it, the smaller network goes: the one that is left answers alone.
    """
    names = [str(name) for name in tree["models"] if name not in needed(tree)]
    if len(tree["models"]) < 2 or not names:
        return None
    backbones = [model["backbone"] for model in tree["models"].values()]

    def rank(name: str) -> tuple[bool, float, int]:
        model = tree["models"][name]
        size, shared = size_of(model["backbone"]), backbones.count(model["backbone"]) > 1
        work = epochs_of(model) * model["image_size"] ** 2 * size
        last = len(backbones) == 2 and not shared
        return shared, float(-size if last else work), names.index(name)

    return max(names, key=rank)


def _smaller(tree: Tree, larger: str, smaller: str) -> None:
    """A step down, unless two models would then have one backbone that had two."""
    backbones = {model["backbone"] for model in tree["models"].values()}
    if smaller not in installed() or smaller in backbones:
        return
    for model in tree["models"].values():
        if model["backbone"] == larger and model["weights"] in ("auto", "bundled"):
            model["backbone"] = smaller


def apart(tree: Tree) -> Tree:
    """A copy that may be changed."""
    return copy.deepcopy(tree)
