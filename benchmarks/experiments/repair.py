"""Does repairing labels help? Real mistakes of people (CIFAR-10N), scored on clean labels of other photos.

    export THRESHER_DATA=...   # a folder that holds cifar10n/labels.csv and cifar10n/images/
    python benchmarks/experiments/repair.py heads --work W   # heads on frozen features
    python benchmarks/experiments/repair.py nets --work W    # fine-tuning at 64 pixels
    python benchmarks/experiments/repair.py page --work W    # writes docs/experiments/repair.md

A number that is in W/results.jsonl already is not computed again: the same command goes on where it stopped.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from noisy_photos import Data
from results import Results, machine

from thresher.dataset.teaching import Teaching
from thresher.files import digest, write_text
from thresher.labels import Evidence
from thresher.labels.combined import Combined
from thresher.models.linear import fit_linear, held_out_scores, inner_split
from thresher.recipe.part import build, part
from thresher.recipe.schema import LinearStage
from thresher.repair.base import Doubt
from thresher.seeds import derive

PAGE = Path(__file__).parents[2] / "docs" / "experiments" / "repair.md"
LABELS = ("worse", "random1", "aggregate")
NET_LABELS = "worse"
HEAD_SEEDS, NET_SEEDS = range(5), range(3)
REVIEWED = 0.1
GIVEN, PERSON, CLEAN = "given labels", "first 10 % by a person", "clean labels"
ACTIONS: dict[str, dict[str, Any]] = {
    "drop": {"name": "drop", "above": 0.5},
    "soften": {"name": "soften", "above": 0.5},
    "soften all": {"name": "soften", "above": 0.0},
    "relabel": {"name": "relabel", "above": 0.5},
    "weigh": {"name": "weigh", "above": 0.5},
}
METHODS = (GIVEN, *ACTIONS, PERSON, CLEAN)
NET_METHODS = (GIVEN, "drop", "soften", "relabel", PERSON)
NET = [
    "models.lite0.image_size=64",
    "models.lite0.views=[plain]",
    "models.lite0.stages.0.views=[plain, hflip]",
    "models.lite0.stages.1.image_size=64",
    "models.lite0.stages.1.epochs=3",
    "folds.near_duplicates=false",
    "training.jobs=1",
]


def frozen(data: Data, work: Path) -> np.ndarray:
    """Features (2, M, D) of all photos at 224 pixels, plain and mirrored: half of what `quick` has."""
    import torch

    from thresher.inference.views.expand import expand_views
    from thresher.pipeline.features import Features
    from thresher.recipe.schema import ModelSection

    section = ModelSection(engine="openvino", precision="bf16")
    rows = np.arange(len(data.frame))
    made = Features(data.cache, rows, work / "features", "squish", torch.device("cpu"))
    views = expand_views([{"name": "plain"}, {"name": "hflip"}])
    return np.stack([made.view(section, view) for view in views])


def judge(features: np.ndarray, given: np.ndarray, classes: int, seed: int) -> Doubt:
    """What the default finder says of training labels, from heads on inner folds of the same photos."""
    inner = inner_split(given, None, 5, derive(seed, "judge"))
    scores = held_out_scores(features, given, classes, LinearStage().penalties, inner)
    says = Combined().find(Evidence(given, scores, embeddings=features.mean(axis=0)), seed)
    return Doubt(says.score, says.suggested, scores, says.posterior)


def repaired(method: str, given: np.ndarray, clean: np.ndarray, doubt: Doubt) -> Teaching:
    """What the training photos teach by a method."""
    plain = Teaching.of(given)
    if method in ACTIONS:
        from pydantic import TypeAdapter

        spec = TypeAdapter(part("repair")).validate_python(ACTIONS[method])
        found: Teaching = build("repair", spec)(plain, doubt)
        return found
    taught = given.copy()
    if method == CLEAN:
        taught = clean.copy()
    elif method == PERSON:
        first = np.argsort(-doubt.score, kind="stable")[: round(REVIEWED * len(given))]
        taught[first] = clean[first]
    soft = np.eye(doubt.scores.shape[1], dtype=np.float32)[taught]
    return plain.retarget(taught != given, soft)


def heads(data: Data, features: np.ndarray, results: Results) -> None:
    """All columns, seeds and methods with a linear head on frozen features."""
    classes, clean = len(data.classes), data.targets("clean")
    for column in LABELS:
        given = data.targets(column)
        for seed in HEAD_SEEDS:
            if all(key("heads", column, seed, method) in results.known for method in METHODS):
                continue
            train, scored = data.split(seed)
            doubt = judge(features[:, train], given[train], classes, seed)
            inner = inner_split(given[train], None, 3, derive(seed, "head"))
            for method in METHODS:
                taught = repaired(method, given[train], clean[train], doubt)
                fit = features[:, train], given[train], classes, LinearStage().penalties, inner
                # What a person says is no guess of a model: the penalty is chosen by it, too.
                known = taught if method in (PERSON, CLEAN) else None
                head = fit_linear(*fit, corrected=known, teaching=taught)
                right = head.logits(features[:, scored].mean(axis=0)).argmax(1) == clean[scored]
                add(results, "heads", column, seed, method, float(right.mean()), taught, clean[train])


def nets(data: Data, features: np.ndarray, results: Results, work: Path, seeds: list[int]) -> None:
    """One column fine-tuned from the linear solution, by the recipe `standard` made small."""
    from thresher.dataset.table import Dataset
    from thresher.pipeline.run import run
    from thresher.predictions import Predictions
    from thresher.recipe.loader import load

    given, clean = data.targets(NET_LABELS), data.targets("clean")
    names, ids = np.array(data.classes, dtype=object), data.frame["image_id"].to_numpy(dtype=object)
    images = Path(data.root) / "images"
    for seed in seeds:
        train, scored = data.split(seed)
        doubt = judge(features[:, train], given[train], len(names), seed)
        for method in NET_METHODS:
            if key("nets", NET_LABELS, seed, method) in results.known:
                continue
            taught = repaired(method, given[train], clean[train], doubt)
            rows = np.concatenate([train, scored])
            split = np.repeat(["train", "valid"], [len(train), len(scored)])
            label = np.concatenate([names[given[train]], names[given[scored]]])
            table = pd.DataFrame({"image_id": ids[rows], "label": label, "split": split})
            settings = [*NET, f"seed={seed}", "data.split=split", f"images.cache_dir={work / 'photos'}"]
            recipe = load("standard", settings)
            out = work / "runs" / f"{NET_LABELS}-{seed}-{method.replace(' ', '_').replace('%', '')}"
            changed = corrections(taught, given[train], names, ids[train])
            dataset = Dataset.from_table(table, images, recipe.data)
            done = run(dataset, recipe, out, corrections=changed if len(changed) else None)
            oof = Predictions.load(done.predictions("oof")).align(ids[scored])
            value = float((oof.predicted == names[clean[scored]]).mean())
            add(results, "nets", NET_LABELS, seed, method, value, taught, clean[train])


def corrections(taught: Teaching, given: np.ndarray, names: np.ndarray, ids: np.ndarray) -> pd.DataFrame:
    """The same as a table of corrections; a soft label keeps its best class beside the given one."""
    found = []
    rows = taught.rows(len(names)).astype(np.float64)
    for place in np.flatnonzero(taught.differs(Teaching.of(given))):
        old = given[place]
        if taught.dropped[place]:
            found.append((ids[place], names[old], "", "drop", ""))
            continue
        others = rows[place].copy()
        others[old] = -1
        new, share = int(others.argmax()), 1 - rows[place, old]
        if share >= 0.995:
            found.append((ids[place], names[old], names[new], "relabel", ""))
        elif share > 0.01:
            found.append((ids[place], names[old], f"{names[new]}:{share:.3f}", "soften", ""))
    return pd.DataFrame(found, columns=["image_id", "old", "new", "action", "note"])


def key(kind: str, column: str, seed: int, method: str) -> str:
    """Names a number."""
    return digest([kind, column, seed, method, ACTIONS.get(method), NET if kind == "nets" else None])


def add(
    results: Results,
    kind: str,
    column: str,
    seed: int,
    method: str,
    accuracy: float,
    taught: Teaching,
    clean: np.ndarray,
) -> None:
    """Keeps a number, and how many of the labels that are taught are right."""
    right = float((taught.lead[taught.kept] == clean[taught.kept]).mean())
    one = {"kind": kind, "labels": column, "seed": seed, "method": method, "accuracy": accuracy}
    one |= {"taught_right": right, "kept": int(taught.kept.sum()), "machine": machine()}
    results.add({**one, "key": key(kind, column, seed, method)})
    print(f"{kind} {column} {seed} {method}: {accuracy:.4f}, {100 * right:.1f} % of labels right", flush=True)


TEXT = """\
# Does repairing labels help?

Written by `benchmarks/experiments/repair.py`. The commands that make it again:

    python benchmarks/experiments/repair.py heads --work W
    python benchmarks/experiments/repair.py nets --work W
    python benchmarks/experiments/repair.py page --work W

4,000 photos of CIFAR-10N to learn from, labelled by people; 2,000 other photos to score on, by clean labels;
both drawn anew for each seed. The training labels are judged by the default finder from inner folds of the
training photos alone, and everything doubted with a probability of at least .5 is dropped, softened (to the
finder's posterior), relabelled or counts less. *Soften all* gives every photo its posterior. *First 10 % by
a person*: the 400 most suspicious photos get their true label, as a reviewer would have given it. *Clean
labels*: what perfect repair would bring. Heads choose their penalty by the given labels; by the corrected
ones where a person corrected them. Fine-tuned networks get every repair as corrections.csv.

Accuracy in percent, mean over the seeds; gain over the given labels of the same seed with a 95 % interval
(Student's t over the seeds); share of the taught labels that are right.

{tables}

Machine: {machines}.
"""


def page(results: Results) -> str:
    """The page, from what is known."""
    return TEXT.format(
        tables="\n".join(tables(results)),
        machines="; ".join(sorted({one["machine"] for one in results.known.values()})),
    )


def tables(results: Results) -> Iterator[str]:
    """One table for each kind and column."""
    from scipy.stats import t

    titles = {"heads": "linear heads on frozen features", "nets": "fine-tuned, three epochs at 64 pixels"}
    frame = pd.DataFrame(results.known.values())
    for (kind, column), part_ in frame.groupby(["kind", "labels"], sort=False):
        wide = part_.pivot_table(index="seed", columns="method", values="accuracy")
        yield f"## {column}: {titles[kind]}, {len(wide)} seeds\n"
        yield "| labels | accuracy | gain | labels right | photos |"
        yield "| --- | --- | --- | --- | --- |"
        for method in [name for name in METHODS if name in wide]:
            gain = (100 * (wide[method] - wide[GIVEN])).dropna()
            half = t.ppf(0.975, len(gain) - 1) * gain.std() / np.sqrt(len(gain))
            span = (
                ""
                if method == GIVEN
                else f"{gain.mean():+.1f} ({gain.mean() - half:+.1f} to {gain.mean() + half:+.1f})"
            )
            own = part_[part_["method"] == method]
            right, kept = 100 * own["taught_right"].mean(), own["kept"].mean()
            few = f" ({len(gain)} seeds)" if len(gain) < len(wide) else ""
            mean = f"{100 * wide[method].mean():.1f}"
            yield f"| {method}{few} | {mean} | {span} | {right:.1f} % | {kept:,.0f} |"
        yield ""


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("what", choices=("heads", "nets", "page"))
    words.add_argument("--work", type=Path, required=True, help="folder for features and results")
    words.add_argument("--seeds", type=int, nargs="+", default=list(NET_SEEDS), help="of nets")
    given = words.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    results = Results(given.work)
    if given.what == "page":
        write_text(PAGE, page(results))
        print(PAGE)
        return
    data = Data(given.work)
    features = frozen(data, given.work)
    if given.what == "heads":
        heads(data, features, results)
    else:
        nets(data, features, results, given.work, given.seeds)


if __name__ == "__main__":
    main()
