"""A random recipe that uses half of all parts at once trains; killed, it goes on to the same bits."""

import itertools

import numpy as np
import pandas as pd
import pytest

from thresher import Recipe, registry, run
from thresher.dataset.open import open_dataset
from thresher.errors import RecipeError
from thresher.progress import Progress
from thresher.recipe.part import build
from thresher.recipe.schema import DataSection

MODELS, STAGES = 3, 3
EPOCHS = {"plateau": 5, "soup": 5, "step": 4, "multi_step": 4, "cyclic": 3, "snapshot": 3}
"""As few as these need to do anything; the others take one."""
NEEDED = {
    ("augment", "one_of"): {"ops": ["hflip", "vflip"]},
    ("augment", "some_of"): {"ops": ["hflip", "vflip", "blur"]},
    ("augment", "sequence"): {"ops": ["hflip", "grey"]},
    ("augment", "phases"): {"ops": ["strong", "none"], "starts": [0, 0.5]},
    ("heads", "multi_task"): {"tasks": {"a": 2, "b": 2}},  # of three classes and the unknown one
    ("losses", "combo"): {"terms": ["cross_entropy", "focal"]},
    ("optim", "lookahead"): {"inner": "adam"},
    ("optim", "sam"): {"inner": "sgd"},
    ("sampling", "chain"): {"parts": ["over_sample", "under_sample"]},
    ("sampling", "class_filter"): {"more_than": 1},
    ("sampling", "source_filter"): {"classes": {"a": ["blue", "green"]}},
    ("schedules", "multi_step"): {"milestones": [1, 3]},
}
FOLDS = ("stratified", "kfold", "repeated")


class Deck:
    """The parts of a family in a random order, dealt again from the start when all were used."""

    def __init__(self, family, rng):
        names = [part.name for part in registry.family(family).list()]
        self.family, self.names = family, list(rng.permutation(names))
        self.used = set()

    def deal(self, fits=lambda spec: True):
        """The next part that fits."""
        for name in sorted(self.names, key=lambda name: name in self.used):
            spec = {"name": str(name), **NEEDED.get((self.family, name), {})}
            if fits(spec):
                self.used.add(name)
                return spec
        raise AssertionError(f"nothing fits of {self.family}")


def loss_fits(head, mixed, last):
    """Whether a loss understands this head, and this batch, and trains what must be trained."""

    def fits(spec):
        loss = build(
            "losses", {"name": spec["name"], **registry.family("losses").check(spec["name"], terms(spec))}
        )
        understood = not loss.heads or head in loss.heads
        return (
            understood
            and not loss.needs_teacher
            and not (mixed and loss.index_only)
            and (loss.trains_head or not last)
        )

    return fits


def terms(spec):
    return {key: value for key, value in spec.items() if key != "name"}


def draw(seed, weights, cache):
    """A recipe of three models with three stages each, as a mapping, and the decks it was dealt from."""
    rng = np.random.default_rng(seed)
    decks = {family: Deck(family, rng) for family in registry.FAMILIES}
    models = {}
    each = -(-len(decks["augment"].names) // (2 * MODELS * STAGES))
    for number in range(MODELS):
        head = decks["heads"].deal()
        stages = []
        for place in range(STAGES):
            last = place == STAGES - 1
            mixing = decks["mixing"].deal(
                lambda spec, h=head: spec["name"] != "snapmix" or h["name"] == "linear"
            )
            loss = decks["losses"].deal(loss_fits(head["name"], mixing["name"] != "none", last))
            averaging = decks["averaging"].deal(lambda spec, last=last: spec["name"] != "snapshot" or last)
            plain = averaging["name"] == "none"
            optimizer = decks["optim"].deal(lambda spec, p=plain: p or "schedule_free" not in spec["name"])
            schedule = decks["schedules"].deal()
            ops = [decks["augment"].deal() for _ in range(each)]
            stages.append(
                {
                    "kind": "train",
                    "epochs": max(EPOCHS.get(part["name"], 1) for part in (schedule, averaging)),
                    "batch_size": 8,
                    "precision": "fp32",
                    "layers": [1, "head", "all"][place]
                    if loss["name"] not in ("triplet", "contrastive")
                    else "all",
                    "new_head": bool(rng.random() < 0.3),
                    "sampling": decks["sampling"].deal(),
                    "augment": {"name": "sequence", "ops": ops},
                    "mixing": mixing,
                    "loss": loss,
                    "class_weight": str(rng.choice(["none", "inverse", "effective"])),
                    "optimizer": optimizer,
                    "schedule": schedule,
                    "averaging": averaging,
                    "select": {"keep": "last", "share": 0.2},
                    "batch_norm": str(rng.choice(["train", "frozen", "statistics"])),
                    "accumulate": int(rng.integers(1, 3)),
                    "clip": 1.0,
                }
            )
        pooling = decks["pooling"].deal()
        snapmix = any(stage["mixing"]["name"] == "snapmix" for stage in stages)
        tiles = None if snapmix or number == 0 else decks["tiles"].deal()
        models[f"m{number}"] = {
            "backbone": "test_efficientnet",
            "weights": str(weights),
            "image_size": 64,
            "engine": "torch",
            "precision": "fp32",
            "score_batch": 8,
            "head": head,
            "pooling": {"name": "avg"} if snapmix else pooling,
            "tiles": tiles,
            "normalise": str(rng.choice(["model", "dataset"])),
            "unknown": bool(rng.random() < 0.5) or head["name"] == "multi_task",
            "final": str(rng.choice(["folds", "all", "both"])),
            "combine": str(rng.choice(["probability", "logit", "log", "vote"])),
            "views": [decks["views"].deal() for _ in range(3)],
            "stages": stages,
            "dropout": 0.2,
        }
    recipe = {
        "seed": seed,
        "folds": {"name": str(rng.choice(FOLDS))},
        "images": {"cache_dir": str(cache)},
        "metrics": {"resamples": 100},
        "training": {"checkpoint_minutes": 0, "jobs": 1},
        "models": models,
    }
    return recipe, decks


def table_of(photos):
    """The photos of two sources."""
    paths = sorted((photos / "train").glob("*/*.jpg"))
    names = [path.relative_to(photos / "train").as_posix() for path in paths]
    sources = ["ab"[place % 2] for place in range(len(paths))]
    table = pd.DataFrame(
        {"image_id": names, "label": [path.parent.name for path in paths], "source": sources}
    )
    return open_dataset(table, photos / "train", photos / "test", DataSection(source="source"))


class Killed(Exception):
    """Stands for a kill signal."""


class Killer(Progress):
    """Raises after so many steps."""

    def __init__(self, steps):
        self.left = steps

    def advance(self, count=1, **facts):
        if facts:
            self.left -= 1
            if self.left < 0:
                raise Killed


def bits(folder):
    return [path.read_bytes() for path in sorted((folder.root / "predictions").rglob("*.parquet"))]


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 6))])
def test_half_of_all_parts_at_once(photos, weights, tmp_path, seed):
    plain, decks = draw(seed, weights, tmp_path / "cache")
    recipe = Recipe.model_validate(plain)
    # A run has one rule of folds and one ensemble; repair stages, which do not go with tiles or an unknown
    # class, have tests of their own.
    for family in set(registry.FAMILIES) - {"folds", "ensemble", "labels", "repair"}:
        assert 2 * len(decks[family].used) >= len(decks[family].names), family
    data = table_of(photos)
    whole = run(data, recipe, tmp_path / "whole")
    for steps in itertools.accumulate(np.random.default_rng(seed).integers(5, 25, 3)):
        with pytest.raises(Killed):
            run(data, recipe, tmp_path / "killed", progress=Killer(int(steps)))
    assert bits(run(data, recipe, tmp_path / "killed")) == bits(whole)


def test_the_draw_differs(tmp_path):
    first, second = (draw(seed, "none", tmp_path)[0] for seed in (0, 1))
    assert first["models"] != second["models"]
    with pytest.raises((RecipeError, ValueError)):
        Recipe.model_validate({**first, "models": {"m0": {**first["models"]["m0"], "head": {"name": "no"}}}})
