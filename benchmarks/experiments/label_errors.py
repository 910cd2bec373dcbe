"""Which finder finds wrong labels? Real mistakes of people (CIFAR-10N), judged by the clean labels.

    export THRESHER_DATA=...   # a folder that holds cifar10n/labels.csv and cifar10n/images/
    python benchmarks/experiments/label_errors.py find --work W   # out-of-fold scores and rankings, an hour
    python benchmarks/experiments/label_errors.py page --work W   # writes docs/experiments/label_errors.md

A number that is in W/results.jsonl already is not computed again: the same command goes on where it stopped.
"""

import argparse
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from noisy_photos import Data, frozen_features
from results import Results, machine

from thresher import labels
from thresher.files import digest, write_atomic, write_text
from thresher.labels import Evidence
from thresher.labels.amounts import amount
from thresher.labels.issues import find_issues
from thresher.seeds import derive, generator

PAGE = Path(__file__).parents[2] / "docs" / "experiments" / "label_errors.md"
LABELS = ("worse", "random1", "random2", "random3", "aggregate")
CLEANLAB: dict[str, dict[str, Any]] = {
    "cleanlab self_confidence": {"method": "self_confidence"},
    "cleanlab self_confidence, adjusted": {"method": "self_confidence", "adjust_pred_probs": True},
    "cleanlab normalized_margin": {"method": "normalized_margin"},
    "cleanlab normalized_margin, adjusted": {"method": "normalized_margin", "adjust_pred_probs": True},
    "cleanlab confidence_weighted_entropy": {"method": "confidence_weighted_entropy"},
}


@dataclass(frozen=True)
class Plan:
    """Everything that a number depends on, besides labels and method."""

    photos: int = 6000
    size: int = 224
    folds: int = 5
    members: int = 3
    draws: int = 1000
    seed: int = 0


TINY = Plan(photos=300, size=32, members=2, draws=50)


def rankings(evidence: Evidence, names: list[str], classes: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Method -> suspicion (N,): every finder with its defaults, and cleanlab's on the same scores."""
    from cleanlab.rank import get_label_quality_scores

    issues = find_issues(evidence, names, classes, method=method_of_house()).frame
    found = {part.name: issues[part.name].to_numpy() for part in labels.list_finders() if part.name in issues}
    found["probability"] = issues["probability"].to_numpy()
    targets, scores = np.array(evidence.targets), np.array(evidence.scores)
    for name, settings in CLEANLAB.items():
        found[name] = 1 - get_label_quality_scores(targets, scores, **settings)
    return found


def method_of_house() -> str:
    """The finder that `thresher labels` takes by default, as soon as there is one."""
    return "combined" if "combined" in labels.REGISTRY.parts else "normalised_margin"


def out_of_fold(
    features: np.ndarray, targets: np.ndarray, classes: int, plan: Plan, member: int
) -> np.ndarray:
    """Scores (N, K) of heads that did not see the photo; their penalty is chosen on inner folds."""
    from thresher.folds.dealing import deal_photos
    from thresher.models.linear import fit_linear, inner_split
    from thresher.recipe.schema import LinearStage

    stage, scores = LinearStage(), np.zeros((len(targets), classes))
    seed = derive(plan.seed, "member", member)
    dealt = deal_photos(targets, plan.folds, generator(seed, "folds"))
    for fold in range(plan.folds):
        train, held = np.flatnonzero(dealt != fold), np.flatnonzero(dealt == fold)
        inner = inner_split(targets[train], None, stage.inner_folds, derive(seed, fold))
        head = fit_linear(features[None, train], targets[train], classes, stage.penalties, inner)
        logits = head.logits(features[held]).astype(np.float64)
        shifted = np.exp(logits - logits.max(1, keepdims=True))
        scores[held] = shifted / shifted.sum(1, keepdims=True)
    return scores


def find(plan: Plan, work: Path, columns: list[str], features_file: Path | None) -> None:
    """Ranks the photos by every method, column by column, and scores the rankings."""
    results = Results(work)
    data = Data(work)
    rows = np.sort(generator(plan.seed, "photos").permutation(len(data.frame))[: plan.photos])
    if features_file is None:
        features = frozen_features(data, work, plan.size)[rows]
    else:
        features = np.load(features_file)[rows]
    mark = digest([round(float(features.astype(np.float64).sum()), 3), *features.shape])
    truth = data.targets("clean")[rows]
    for column in columns:
        start = time.perf_counter()
        targets = data.targets(column)[rows]
        members = []
        for member in range(plan.members):
            key = digest([asdict(plan), mark, column, member])
            path = work / "oof" / f"{column}-{member}-{key}.npy"
            if not path.is_file():
                made = out_of_fold(features, targets, len(data.classes), plan, member)
                write_atomic(path, lambda file, made=made: np.save(file, made))
            members.append(np.load(path))
        evidence = Evidence(targets, np.mean(members, axis=0), np.stack(members), features)
        found = rankings(evidence, data.frame["image_id"].to_numpy(dtype=object)[rows], data.classes)
        wrong = targets != truth
        estimate, low, high = amount(found.pop("probability"))
        facts = {
            "labels": column,
            "wrong": int(wrong.sum()),
            "estimate": [estimate, low, high],
            "accuracy": float((evidence.scores.argmax(1) == truth).mean()),
            "precision": {name: average_precision(wrong, score) for name, score in found.items()},
            "difference": differences(wrong, found, plan),
            "seconds": time.perf_counter() - start,
            "machine": machine(),
        }
        results.add({**facts, "key": key_of(plan, column)})
        best = sorted(facts["precision"].items(), key=lambda item: -item[1])
        print(
            f"{column}: {int(wrong.sum())} wrong, about {estimate:.0f} ({low} to {high}) estimated",
            flush=True,
        )
        for name, value in best:
            print(f"  {value:.4f}  {name}", flush=True)


def bound(plan: Plan, work: Path, features: np.ndarray) -> None:
    """Average precision of the opinions of `combined` if they could learn from clean labels."""
    from thresher.labels.combined import FLOOR, _Learners
    from thresher.labels.noise_model import mixed, weigh

    results, data = Results(work), Data(work)
    clean, classes = data.targets("clean"), len(data.classes)
    truth = np.eye(classes)[clean]
    scores = out_of_fold(features, clean, classes, plan, 0)
    learners = _Learners(Evidence(clean, scores, embeddings=features), plan.seed)
    opinions = np.stack([np.log(np.maximum(scores, FLOOR)), *learners.opinions(truth)])
    start = np.concatenate([np.full(len(opinions), 1 / len(opinions)), np.zeros(classes)])
    belief = mixed(opinions, weigh(opinions, truth, start, 200))
    found = {}
    for column in LABELS:
        given = data.targets(column)
        mistakes = truth.T @ np.eye(classes)[given]
        joint = belief * (mistakes / mistakes.sum(1, keepdims=True))[:, given].T
        right = joint[np.arange(len(given)), given] / joint.sum(1)
        found[column] = average_precision(given != clean, 1 - right)
    results.add({"key": "bound", "precision": found})
    print(found)


def key_of(plan: Plan, column: str) -> str:
    """Names the numbers of a column: those of the last run of `find` count."""
    return digest([asdict(plan), column])


def average_precision(wrong: np.ndarray, score: np.ndarray) -> float:
    """Mean precision over the wrong labels, from the most suspicious down."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(wrong, score))


def differences(wrong: np.ndarray, found: dict[str, np.ndarray], plan: Plan) -> dict[str, list[float]]:
    """Average precision minus that of cleanlab's best ranking, with a 95 % paired bootstrap over photos."""
    whole = {name: average_precision(wrong, score) for name, score in found.items()}
    best = max(CLEANLAB, key=lambda name: whole[name])
    rng = generator(plan.seed, "bootstrap")
    drawn: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(plan.draws):
        rows = rng.integers(0, len(wrong), len(wrong))
        for name, score in found.items():
            drawn[name].append(average_precision(wrong[rows], score[rows]))
    base = np.array(drawn[best])
    return {
        name: [whole[name] - whole[best], *map(float, np.quantile(np.array(values) - base, [0.025, 0.975]))]
        for name, values in drawn.items()
    }


TEXT = """\
# Finding wrong labels

Written by `benchmarks/experiments/label_errors.py`. The commands that make it again:

    cd $THRESHER_DATA/cifar10n
    thresher run labels.csv --images images --out R \\
        --set data.label=aggregate --set 'models.lite0.stages.0.views=[plain, hflip]'
    thresher labels R  # its embeddings do not depend on the labels
    python benchmarks/experiments/label_errors.py find \\
        --work W --members {plan.members} --features R/labels/embeddings.npy
    python benchmarks/experiments/label_errors.py bound --work W --features R/labels/embeddings.npy
    python benchmarks/experiments/label_errors.py page --work W --members {plan.members}

Photos and labels: {plan.photos:,} photos of CIFAR-10N (Wei et al. 2022, arXiv:2110.12088), labels as people
gave them in five columns; a label is wrong where it differs from the clean one. Every method gets the same
out-of-fold scores: the mean of {plan.members} members, each a linear head on frozen features of
tf_efficientnet_lite0 at {plan.size} pixels (mean of the photo and its mirror image, the scoring engine bf16
OpenVINO), {plan.folds} folds of its own, its L2 penalty chosen on inner folds. The features are the
embeddings; all finders have default settings. The opinions of `combined` and its constants were chosen by
looking at the clean labels of worse, random1 and aggregate: what it gains on random2 and random3, which share
their photos, and on other photos says more.

## Average precision

Mean precision over the wrong labels, in percent, from the most suspicious photo down.

{precision}

What these embeddings can give at most, about: the opinions of `combined`, each fitted on the *clean* labels
of other photos and weighed to meet them, with the true table of mistakes: {bound}.

## Against cleanlab

Points of average precision above the best of cleanlab's five rankings of that column (the one with 0), with a
95 % paired bootstrap interval over photos.

{difference}

## How many labels are wrong

| | {columns} |
| --- |{dashes}
| wrong | {wrong} |
| estimate (95 % interval) | {estimate} |
| accuracy of the scores by clean labels | {accuracy} |

{machines}
"""


def page(plan: Plan, results: Results) -> str:
    """The page, from what is known."""
    known = {name: results.known.get(key_of(plan, name)) for name in LABELS}
    facts = {name: one for name, one in known.items() if one is not None}
    methods = list(dict.fromkeys(name for one in facts.values() for name in one["precision"]))
    methods.sort(key=lambda name: -np.mean([one["precision"].get(name, 0) for one in facts.values()]))

    def table(kind: str, shown: Any) -> str:
        lines = [f"| | {' | '.join(facts)} |", "| --- |" + " --- |" * len(facts)]
        for method in methods:
            cells = [shown(one[kind][method]) if method in one[kind] else "-" for one in facts.values()]
            lines.append(f"| {method} | {' | '.join(cells)} |")
        return "\n".join(lines)

    def gain(values: list[float]) -> str:
        value, low, high = (100 * value for value in values)
        return f"{value:+.1f} ({low:+.1f} to {high:+.1f})" if any(values) else "0"

    spent = sum(one["seconds"] for one in facts.values()) / 60
    machines = "; ".join(sorted({one["machine"] for one in facts.values()}))
    return TEXT.format(
        plan=plan,
        precision=table("precision", lambda value: f"{100 * value:.1f}"),
        difference=table("difference", gain),
        columns=" | ".join(facts),
        dashes=" --- |" * len(facts),
        wrong=" | ".join(f"{one['wrong']:,}" for one in facts.values()),
        estimate=" | ".join("{:,.0f} ({:,} to {:,})".format(*one["estimate"]) for one in facts.values()),
        accuracy=" | ".join(f"{100 * one['accuracy']:.1f}" for one in facts.values()),
        bound=", ".join(
            f"{name} {100 * value:.1f}"
            for name, value in results.known.get("bound", {"precision": {}})["precision"].items()
        ),
        machines=f"{spent:.0f} minutes in all ({machines}).",
    )


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("what", choices=("find", "bound", "page"))
    words.add_argument("--work", type=Path, required=True, help="folder for features, scores and results")
    words.add_argument("--labels", nargs="+", choices=LABELS, default=LABELS)
    words.add_argument("--features", type=Path, help="a .npy file (6000, D) in the order of labels.csv")
    words.add_argument("--members", type=int, default=Plan.members)
    words.add_argument("--out", type=Path, default=PAGE, help="of page")
    words.add_argument("--tiny", action="store_true", help="a few photos: does it run?")
    given = words.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    plan = TINY if given.tiny else Plan(members=given.members)
    if given.what == "page":
        given.out.parent.mkdir(parents=True, exist_ok=True)
        write_text(given.out, page(plan, Results(given.work)))
        print(given.out)
        return
    if given.what == "bound":
        bound(plan, given.work, np.load(given.features))
        return
    find(plan, given.work, list(given.labels), given.features)


if __name__ == "__main__":
    main()
