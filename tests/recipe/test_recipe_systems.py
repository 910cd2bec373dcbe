"""The recipes of competition systems: facts of their sources, and no key said twice."""

import itertools
import re
from functools import cache

import pytest
import yaml

from thresher.recipe.fillings import fillings
from thresher.recipe.loader import load as read
from thresher.recipe.presets import FOLDER, list_presets

load = cache(read)  # some have many models
SYSTEMS = [info.name for info in list_presets() if info.source]

# What the sources say, by system: number of models of a backbone and image size; epochs of the stages; folds.
B4, B3, SE50, SE101 = (
    "tf_efficientnet_b4_ns",
    "tf_efficientnet_b3_ns",
    "seresnext50_32x4d",
    "seresnext101_32x4d",
)
RX50, VIT, MOBILE = "resnext50_32x4d", "vit_base_patch16_384", "mobilenetv3_large_100"
BACKBONES = {
    "s01": {("efficientnet_b3", 512): 1},
    "s02": {("efficientnet_b0", 224): 2},
    "s03": {(B4, 512): 3, ("regnety_040", 512): 3},
    "s08": {(MOBILE, 224): 1},
    "s09": {(VIT, 384): 1, ("vit_base_patch16_224", 448): 2},
    "s10": {(B4, 512): 1, (SE101, 512): 2, (SE50, 512): 1, (VIT, 384): 2},
    "s14": {(SE101, 512): 1, (B4, 512): 1, (SE50, 512): 1},
    "s16": {(B4, 512): 1, (SE50, 512): 1, (VIT, 384): 1},
    "s17": {("efficientnet_b5", 512): 1, (RX50, 512): 1},
    "s19": {
        ("efficientnet_b4", 512): 1,
        ("efficientnet_b3", 512): 1,
        ("repvgg_b2g4", 512): 1,
        (SE50, 512): 1,
    },
    "s21": {(B4, 512): 3, (B3, 384): 1, (VIT, 384): 3, (RX50, 384): 3, ("vit_small_patch16_224", 224): 1},
    "s22": {
        ("tf_efficientnet_b5_ns", 512): 2,
        (SE50, 512): 2,
        ("xception", 512): 1,
        ("densenet121", 512): 1,
        ("tf_efficientnet_b1_ns", 512): 8,
        (RX50, 512): 5 + 5,
        (B4, 512): 5,
    },
    "s23": {("resnest50d_4s2x40d", 512): 3, (B4, 512): 3, (B3, 512): 1},
    "s32": {("xception", 200): 1, ("efficientnet_b4", 200): 1, ("densenet201", 200): 1},
}
FAMILIES = {  # where the source gives no sizes
    "s12": {"tf_efficientnet_b6_ns", "resnest50d", VIT},
    "s13": {"efficientnet_b3", "efficientnet_b4", RX50},
    "s18": {
        "resnet50d",
        RX50,
        "ecaresnet50d",
        "resnest50d_1s4x24d",
        "regnety_032",
        "resnet101d",
        "resnext101_32x4d",
        "ecaresnet101d",
        "resnest101e",
        "regnety_080",
    },
    "s20": {"tf_efficientnet_b7_ns", VIT},
}
EPOCHS = {  # of every trained model
    "s01": [8],
    "s02": [3],
    "s03": [10],
    "s14": [10, 25, 5],
    "s21": [3, 12],
    "s32": [100, 30, 10],
}
FOLDS = {
    **{name: {"name": "stratified", "n": 5} for name in ("s02", "s10", "s12", "s17", "s19", "s20")},
    "s01": {"name": "holdout", "share": 0.2, "stratified": False},
    "s08": {"name": "holdout", "share": 0.25, "stratified": True},
    "s18": {"name": "one_source", "source": "c20"},
    "s22": {"name": "kfold", "n": 10},
    "s32": {"name": "holdout", "share": 0.1, "stratified": True},
}
LOSSES = {  # constants that the sources state
    ("s03", "b4_c20_719", 0): {"name": "cross_entropy", "smoothing": 0.2},
    ("s07", "vit", 0): {"name": "bi_tempered", "t1": 0.8, "t2": 1.4, "smoothing": 0.06},
    ("s07", "resnext", 0): {"name": "cross_entropy", "smoothing": 0.0},
    ("s09", "tiles_b", 0): {"name": "cross_entropy", "smoothing": 0.01},
    ("s10", "vit_focal", 0): {"name": "focal_cosine"},
    ("s14", "b4", 0): {"name": "taylor_cross_entropy", "smoothing": 0.2},
    ("s18", "regnety_080", 0): {"name": "cross_entropy", "smoothing": 0.3},
    ("s21", "b4", 2): {"name": "bi_tempered", "t1": 0.6, "t2": 1.4},
    ("s22", "b1_7", 0): {"name": "bi_tempered", "t1": 0.5, "t2": 1.5},
    ("s23", "resnest_smooth", 0): {"name": "cross_entropy", "smoothing": 0.2},
}
VIEWS = {  # at test time, of each model of a kind
    ("s01", "b3"): 16,
    ("s02", "first"): 2,
    ("s03", "regnety_no_fold"): 5,
    ("s08", "cropnet"): 1,
    ("s09", "vit"): 8,
    ("s09", "tiles_a"): 5,
    ("s10", "vit_bi"): 4,
    ("s12", "b6_bi"): 8,
    ("s20", "b7"): 4,
    ("s21", "b4@crops"): 4,
    ("s21", "vit@crops"): 5,
    ("s22", "densenet"): 5,
    ("s22", "public_4"): 4,
    ("s23", "b3"): 4,
}
RATES = {
    ("s07", "resnext", 0): 1e-4,
    ("s14", "b4", 1): 1e-4,
    ("s14", "b4", 2): 1e-5,
    ("s18", "resnet50d", 0): 5e-4,
    ("s18", "resnet101d", 0): 2.5e-4,
    ("s23", "b3", 0): 1e-4,
    ("s32", "b4", 0): 1e-4,
    ("s32", "b4", 1): 1e-5,
}


def holds(found, wanted):
    assert {key: found[key] for key in wanted} == wanted


@pytest.mark.parametrize("name", BACKBONES)
def test_backbones_and_sizes(name):
    found = [(model.backbone, model.image_size) for model in load(name).models.values()]
    assert {one: found.count(one) for one in found} == BACKBONES[name]


@pytest.mark.parametrize("name", FAMILIES)
def test_backbones(name):
    assert {model.backbone for model in load(name).models.values()} == FAMILIES[name]


@pytest.mark.parametrize("name", EPOCHS)
def test_epochs(name):
    for model in load(name).models.values():
        trained = [stage.epochs for stage in model.stages if stage.kind == "train"]
        assert trained in (EPOCHS[name], [])
        assert trained or model.starts_from


@pytest.mark.parametrize("name", FOLDS)
def test_folds(name):
    holds(load(name).folds, FOLDS[name])


@pytest.mark.parametrize("place", LOSSES, ids=str)
def test_losses(place):
    name, model, stage = place
    holds(load(name).models[model].stages[stage].loss, LOSSES[place])


def test_views_and_rates():
    from thresher.inference.views.expand import expand_views

    recipes = {name: load(name) for name in SYSTEMS}
    for (name, model), count in VIEWS.items():
        assert len(expand_views(recipes[name].models[model].views)) == count, (name, model)
    for (name, model, stage), rate in RATES.items():
        optimizer = recipes[name].models[model].stages[stage].optimizer
        assert optimizer.get("inner", optimizer)["lr"] == rate, (name, model, stage)


def test_what_makes_each_system_itself():
    s01 = load("s01").models["b3"]
    assert (s01.dropout, s01.normalise, s01.stages[0].batch_size) == (0.4, "dataset", 8)
    s03 = load("s03")
    assert [model.seeds for model in s03.models.values()][:2] == [(719,), (720,)]
    assert [model.final for model in s03.models.values()].count("all") == 1
    for model in s03.models.values():
        stage = model.stages[0]
        assert (stage.averaging, stage.batch_norm) == ({"name": "swa", "start": 6}, "frozen")
        assert stage.optimizer["name"] == ("adamp" if "regnety" in model.backbone else "adam")
    s07 = load("s07")
    b4, vit = s07.models["b4"], s07.models["vit"]
    assert (b4.dropout, b4.drop_path, b4.normalise, b4.final) == (0.5, 0.4, "dataset", "all")
    assert (vit.stages[0].epochs, s07.models["resnext"].stages[0].epochs, b4.stages[0].epochs) == (10, 15, 20)
    assert (s07.models["mobilenet"].unknown, s07.models["mobilenet"].stages[0].layers) == (True, "head")
    grouped = s07.ensemble
    assert grouped["groups"] == {"vit_resnext": ("resnext", "vit")}
    assert len(s07.models) - 2 + 1 == 9  # candidates, so 511 subsets
    wanted = {"name": "differential_evolution", "rounds": 20, "tolerance": 1e-5, "seed": 8}
    assert grouped["then"]["name"] == "subsets"
    holds(grouped["then"]["then"], wanted)
    assert (load("s08").models["cropnet"].unknown, load("s08").models["cropnet"].stages[0].layers) == (
        True,
        "all",
    )
    s09 = load("s09").models
    assert {key: model.tiles and model.tiles["name"] for key, model in s09.items()} == {
        "vit": None,
        "tiles_a": "attention",
        "tiles_b": "tanh_attention",
    }
    assert all(model.head["name"] == "multi_dropout" for model in s09.values())
    assert all(model.stages[0].schedule["name"] == "inverse_epoch" for model in s09.values())
    s12 = [model.stages[0] for model in load("s12").models.values()]
    assert {stage.mixing["name"] for stage in s12} >= {"cutmix", "fmix", "snapmix"}
    assert {stage.optimizer["name"] for stage in s12} == {"adam", "adamw", "adamp", "ranger"}
    losses = {stage.loss["name"] for stage in s12}
    assert losses == {"cross_entropy", "focal", "focal_cosine", "bi_tempered", "isda"}
    for model in load("s14").models.values():
        first, second, third = model.stages
        assert [stage.optimizer["inner"]["name"] for stage in model.stages] == ["adam", "adamp", "adamp"]
        assert (first.image_size, second.image_size, third.image_size) == (384, 512, 512)
        terms = second.loss["terms"]
        assert third.loss == second.loss
        holds(terms[0], {"name": "bi_tempered", "t1": 0.32, "t2": 1.0, "smoothing": 0.0})
        holds(terms[1], {"name": "taylor_cross_entropy", "smoothing": 0.06})
        holds(terms[2], {"name": "nce_rce", "alpha": 0.17, "beta": 0.34})
        samplings = [stage.sampling["name"] for stage in model.stages]
        assert samplings == ["all", "source_filter", "source_filter"]
        assert (third.augment["name"], third.schedule["name"]) == ("s14_hard", "constant")
    for model in load("s16").models.values():
        assert [view["weight"] for view in model.views] == [9, 9]
        assert len(model.seeds) > 1
    kinds = [part["name"] for part in load("s18").ensemble["of"]]
    assert kinds == ["cnn_1d", "cnn_2d", "differential_evolution"]
    assert load("s21").ensemble["search"]["name"] == "optuna"
    s22 = load("s22")
    assert len(s22.models) == 29
    groups = {**s22.ensemble["groups"], **s22.ensemble["then"]["groups"]}
    assert sorted(map(len, groups.values())) == [5, 5, 6, 13]
    assert sorted(itertools.chain(*groups.values())) == sorted(s22.models)
    mixers = {part["name"] for part in s22.models["b1_0"].stages[0].mixing["parts"]}
    assert mixers == {"snapmix", "fmix", "cutmix", "cutout", "mixup", "mixup_without_hesitation"}
    assert [stage.epochs for stage in s22.models["b5_0"].stages] == [3, 20]
    s23 = load("s23")
    assert [part["name"] for part in s23.ensemble["of"]] == ["optuna", "simplex"]
    optimizers = {model.stages[0].optimizer["name"] for model in s23.models.values()}
    assert optimizers == {"adamw", "adamp", "radam"}
    stacked = [part["name"] for part in load("s24").ensemble["of"]]
    assert stacked == ["lightgbm", "cnn_1d", "cnn_2d", "mean"]
    for model in load("s32").models.values():
        assert (model.head["hidden"], model.head["dropout"], model.final) == (512, 0.5, "all")
        first, second, _ = model.stages
        assert (first.batch_size, first.select.patience, first.mixing["name"]) == (20, 10, "cutmix_two")
        assert (second.sampling["name"], first.class_weight) == ("under_sample", "inverse")


@pytest.mark.parametrize("name", SYSTEMS)
def test_models_of_systems_learn_as_their_authors_let_them(name):
    """No square root of features, which is the house's own; one rate for head and body."""
    if name == "s24":
        return  # its first stage is the house's
    for model in load(name).models.values():
        assert not model.power
        assert all(stage.body_lr == 1 for stage in model.stages if stage.kind == "train")


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, one in value.items():
            yield from leaves(one, (*path, key))
    else:
        yield path, value


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_no_recipe_repeats_what_its_base_says(path):
    own = yaml.safe_load(path.read_text())
    base = own.get("base")
    while base is not None:
        below = yaml.safe_load((FOLDER / f"{base.removesuffix('.yaml')}.yaml").read_text())
        same = dict(leaves({key: one for key, one in below.items() if key != "base"}))
        twice = [key for key, one in leaves(own) if key in same and same[key] == one and "name" not in key]
        assert not twice
        base = below.get("base")


def test_no_two_systems_are_the_same():
    for one, other in itertools.combinations(SYSTEMS, 2):
        ours, theirs = (
            yaml.safe_load((FOLDER / f"{name}.yaml").read_text())["models"] for name in (one, other)
        )
        assert not [key for key, model in ours.items() if model in theirs.values()], (one, other)


def test_sources_claims_and_status():
    found = {info.name: info for info in list_presets()}
    assert not any(name.startswith("_") for name in found)
    assert all(info.claim and "\n" not in info.source + info.claim for info in found.values() if info.source)
    assert {name: info.status for name, info in found.items() if info.status != "runs"} == {
        "s23": "runs, without pseudo labels"
    }
    assert (load("s07").source, load("s07").claim) == (found["s07"].source, found["s07"].claim)


def test_fillings_are_gathered():
    text = "\n".join(
        [
            "# A recipe.",
            "# not as the source: random flips",
            "# in validation.",
            "#",
            "# not a part of it",
            "models:",
            "  a: &a # not stated: all",
            "    lr: 1 # not stated",
            "    # a remark",
            "    b: {c: 2} # not stated; as elsewhere",
            "# later: pseudo labels, of test photos.",
        ]
    )
    found = fillings(text)
    assert found.changed == ["random flips in validation."]
    assert found.not_stated == ["a:; all", "lr: 1", "b: {c: 2}; as elsewhere"]
    assert found.later == ["pseudo labels, of test photos."]


def test_every_marked_comment_is_gathered():
    for path in FOLDER.glob("*.yaml"):
        text = path.read_text()
        found = fillings(text)
        assert len(found.not_stated) == len(re.findall(r"# not stated", text)), path.name
        assert len(found.changed) == len(re.findall(r"# not as the source:", text)), path.name
