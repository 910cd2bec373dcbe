"""Which losses stand wrong labels? Real mistakes of people (CIFAR-10N), scored on clean labels.

    export THRESHER_DATA=...   # a folder that holds cifar10n/labels.csv and cifar10n/images/
    python benchmarks/experiments/robust_losses.py heads --work W  # heads on frozen features, minutes
    python benchmarks/experiments/robust_losses.py nets --work W   # fine-tuning at 64 pixels, an hour or two
    python benchmarks/experiments/robust_losses.py page --work W   # writes docs/experiments/robust_losses.md

A number that is in W/results.jsonl already is not computed again: the same command goes on where it stopped.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from linear_heads import accuracy, fit_head, fit_quick
from noisy_photos import BACKBONE, Data, frozen_features
from results import Results, machine

from thresher import registry
from thresher.files import digest, write_text
from thresher.seeds import derive, generator, seed_torch

PAGE = Path(__file__).parents[2] / "docs" / "experiments" / "robust_losses.md"
LABELS = ("worse", "random1")
BASE = "cross_entropy"
LOSSES: dict[str, dict[str, Any]] = {
    BASE: {"name": "cross_entropy"},
    "label smoothing .2": {"name": "cross_entropy", "smoothing": 0.2},
    "bi_tempered": {"name": "bi_tempered"},
    "taylor_cross_entropy": {"name": "taylor_cross_entropy"},
    "symmetric_cross_entropy": {"name": "symmetric_cross_entropy"},
    "generalized_cross_entropy": {"name": "generalized_cross_entropy"},
    "nce_rce": {"name": "nce_rce"},
    "focal": {"name": "focal"},
    "focal_cosine": {"name": "focal_cosine"},
}
CEILING = "cross_entropy, clean labels"
QUICK = "the head of recipe quick"
NETS: dict[str, dict[str, Any]] = {  # what differs from a stage with cross-entropy
    BASE: {},
    "label smoothing .2": {"loss": LOSSES["label smoothing .2"]},
    "bi_tempered": {"loss": LOSSES["bi_tempered"]},
    "generalized_cross_entropy": {"loss": LOSSES["generalized_cross_entropy"]},
    "mixup": {"mixing": {"name": "mixup"}},
    "cutmix": {"mixing": {"name": "cutmix"}},
    "EMA": {"averaging": {"name": "ema"}},
    **{name: {"loss": LOSSES[name]} for name in LOSSES},
}


@dataclass(frozen=True)
class Plan:
    """Everything that a number depends on, besides labels, seed and method."""

    train: int = 4000
    scored: int = 2000
    backbone: str = BACKBONE
    head_size: int = 128
    head_epochs: int = 40
    head_batch: int = 256
    rates: tuple[float, ...] = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
    held: float = 0.2
    net_size: int = 64
    net_epochs: int = 6
    net_batch: int = 32
    net_rate: float = 3e-3  # of three pairs, the one that got most noisy labels of unseen photos right
    body_rate: float = 0.3  # (cross-entropy, random1, one seed)
    precision: str = "fp32"


TINY = Plan(train=96, scored=48, head_size=32, head_epochs=20, rates=(1e-3, 1e-2), net_size=32, net_epochs=1)


@dataclass(frozen=True)
class Run:
    """One number that is wanted."""

    kind: str
    method: str
    labels: str
    seed: int
    settings: dict[str, Any]

    def key(self, plan: Plan) -> str:
        """Names the number: everything that it depends on."""
        facts = {key: value for key, value in vars(plan).items() if not key.startswith(OTHER[self.kind])}
        return digest([self.kind, self.method, self.labels, self.seed, self.settings, facts])


OTHER = {"head": ("net_", "body_", "precision"), "net": ("head_", "rates", "held")}


def complete(family: str, spec: dict[str, Any]) -> dict[str, Any]:
    """A part's settings with its defaults, so that the results say what was run."""
    settings = {key: value for key, value in spec.items() if key != "name"}
    return {"name": spec["name"], **registry.family(family).check(spec["name"], settings)}


def head_runs(seeds: int) -> Iterator[Run]:
    """All heads, seed by seed."""
    for seed in range(seeds):
        for labels in LABELS:
            for method, spec in LOSSES.items():
                yield Run("head", method, labels, seed, complete("losses", spec))
            yield Run("head", QUICK, labels, seed, {})
        yield Run("head", CEILING, "clean", seed, complete("losses", LOSSES[BASE]))


def net_runs(seeds: int, methods: list[str]) -> Iterator[Run]:
    """All fine-tuned networks, seed by seed, so that a run that is stopped leaves whole comparisons."""
    families = {"loss": "losses", "mixing": "mixing", "averaging": "averaging"}
    for seed in range(seeds):
        for labels in LABELS:
            for method in methods:
                changes = {key: complete(families[key], spec) for key, spec in NETS[method].items()}
                yield Run("net", method, labels, seed, changes)


def work_through(runs: list[Run], plan: Plan, work: Path) -> None:
    """Does what is not done yet."""
    results = Results(work)
    todo = [run for run in runs if run.key(plan) not in results.known]
    print(f"{len(runs)} numbers, {len(runs) - len(todo)} of them known", flush=True)
    if not todo:
        return
    data = Data(work)
    features = frozen_features(data, work, plan.head_size, plan.backbone) if todo[0].kind == "head" else None
    for number, run in enumerate(todo, start=1):
        start = time.perf_counter()
        facts = run_net(run, data, plan, work) if features is None else run_head(run, data, features, plan)
        seconds = time.perf_counter() - start
        results.add(
            {**vars(run), **facts, "seconds": seconds, "machine": machine(), "key": run.key(plan)},
        )
        what = f"{run.kind} {run.labels} seed {run.seed} {run.method}"
        print(f"{number}/{len(todo)} {what}: {facts['accuracy']:.4f}  {seconds:.1f} s", flush=True)


def run_head(run: Run, data: Data, features: np.ndarray, plan: Plan) -> dict[str, Any]:
    """One head: its rate chosen on training photos by their given labels, then fitted on all of them."""
    train, scored = data.split(run.seed, plan.train, plan.scored)
    given, clean = data.targets(run.labels), data.targets("clean")
    seed = derive(run.seed, "head", run.labels)
    if run.method == QUICK:
        quick = fit_quick(features[train], given[train], len(data.classes), seed)
        return {"accuracy": accuracy(quick, features[scored], clean[scored])}
    known = generator(seed, "held").permutation(train)
    cut = round(plan.held * len(known))
    held, rest = known[:cut], known[cut:]
    tried, size = {}, (plan.head_epochs, plan.head_batch)
    for rate in plan.rates:
        head = fit_head(features[rest], given[rest], len(data.classes), run.settings, rate, seed, *size)
        tried[rate] = accuracy(head, features[held], given[held])
    best = max(tried, key=lambda rate: tried[rate])  # of equal ones the smallest
    head = fit_head(features[train], given[train], len(data.classes), run.settings, best, seed, *size)
    right = accuracy(head, features[scored], clean[scored])
    return {"accuracy": right, "rate": best, "held": list(tried.values())}


def run_net(run: Run, data: Data, plan: Plan, work: Path) -> dict[str, Any]:
    """The whole network fine-tuned as a recipe's train stage does it, scored in one plain view."""
    from thresher.inference.engine import Engines
    from thresher.inference.scoring import score_views
    from thresher.inference.views import REGISTRY
    from thresher.models.build import build_model
    from thresher.progress import SILENT
    from thresher.recipe.schema import ModelSection, TrainStage
    from thresher.training.harness import Harness
    from thresher.training.loop import TrainData, train_stage
    from thresher.training.state import StateFile

    train, scored = data.split(run.seed, plan.train, plan.scored)
    seed, harness = derive(run.seed, "net", run.labels), Harness()
    stage = TrainStage(
        epochs=plan.net_epochs,
        batch_size=plan.net_batch,
        optimizer={"name": "adamw", "lr": plan.net_rate},
        body_lr=plan.body_rate,
        schedule={"name": "cosine", "warmup": 0.1},
        precision=plan.precision,
        **run.settings,
    )
    section = ModelSection(backbone=plan.backbone, image_size=plan.net_size, stages=(stage,))
    seed_torch(seed, "model")
    model = build_model(section, len(data.classes))
    history: list[dict[str, float]] = []
    state = StateFile(work / "state.pt", 5, run.key(plan))
    train_stage(
        model,
        stage,
        TrainData(data.cache, train, data.targets(run.labels), data.classes),
        image_size=plan.net_size,
        seed=seed,
        number=0,
        first_epoch=0,
        harness=harness,
        state_file=state,
        history=history,
        workers=0,
        watch=lambda model: {},
        progress=SILENT,
    )
    settings = {"engine": "torch", "precision": "fp32", "batch_size": 32}
    engines = Engines(model, **settings, device=harness.device, scratch=work / "graphs")
    plain = [REGISTRY.build("plain")]
    scores = score_views(engines, data.cache, scored, plain, plan.net_size, "squish")
    state.discard()
    right = float((scores.argmax(axis=1) == data.targets("clean")[scored]).mean())
    speed = float(np.mean([row["photos_per_second"] for row in history]))
    losses = [row["train_loss"] for row in history]
    return {"accuracy": right, "photos_per_second": speed, "train_loss": losses}


def interval(values: list[float]) -> str:
    """``81.2 (80.1 to 82.3)``: mean and 95 % t-interval of shares over seeds, in percent."""
    from scipy import stats

    mean = 100 * float(np.mean(values))
    if len(values) < 2:
        return f"{mean:.1f}"
    half = 100 * float(stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return f"{mean:.1f} ({mean - half:.1f} to {mean + half:.1f})"


def table(runs: list[Run], plan: Plan, results: Results) -> list[str]:
    """Markdown: a row per method; per column of labels accuracy, and the gain over cross-entropy."""
    found: dict[tuple[str, str], dict[int, dict[str, Any]]] = {}
    for run in runs:
        one = results.known.get(run.key(plan))
        if one is not None:
            found.setdefault((run.method, run.labels), {})[run.seed] = one
    methods = list(dict.fromkeys(run.method for run in runs))
    titles = [f"{labels} | minus {BASE}" for labels in LABELS]
    lines = [f"| | {' | '.join(titles)} |", "|" + " --- |" * (1 + 2 * len(LABELS))]
    for method in methods:
        cells = []
        for labels in LABELS:
            column = "clean" if method == CEILING else labels
            own, base = found.get((method, column), {}), found.get((BASE, labels), {})
            accuracies = [one["accuracy"] for one in own.values()]
            pairs = [own[seed]["accuracy"] - base[seed]["accuracy"] for seed in sorted(own) if seed in base]
            cells += [interval(accuracies) if accuracies else "-"]
            cells += ["" if method == BASE or not pairs else interval(pairs)]
        lines.append(f"| {method} | {' | '.join(cells)} |")
    counts = sorted({len(seeds) for seeds in found.values()})
    if counts:
        several = len(counts) > 1
        seeds = f"{counts[0]} to {counts[-1]} seeds: not finished" if several else f"{counts[0]} seeds"
        spent = sum(one["seconds"] for seeds in found.values() for one in seeds.values()) / 60
        machines = "; ".join(sorted({one["machine"] for seeds in found.values() for one in seeds.values()}))
        lines += ["", f"{seeds}, {spent:.0f} minutes in all ({machines})."]
    return lines


def rates(runs: list[Run], plan: Plan, results: Results) -> list[str]:
    """Which rates were chosen: a loss that always takes the first or the last may want another grid."""
    lines = [f"| | {' | '.join(LABELS)} |", "| --- | --- | --- |"]
    for method in LOSSES:
        cells = []
        for labels in LABELS:
            known = [results.known.get(r.key(plan)) for r in runs if (r.method, r.labels) == (method, labels)]
            cells.append(", ".join(f"{one['rate']:g}" for one in known if one) or "-")
        lines.append(f"| {method} | {' | '.join(cells)} |")
    return lines


TEXT = """\
# Losses and wrong labels

Written by `benchmarks/experiments/robust_losses.py`. The commands that make it again:

    python benchmarks/experiments/robust_losses.py heads --work W {flags}
    python benchmarks/experiments/robust_losses.py nets --work W {flags}
    python benchmarks/experiments/robust_losses.py page --work W {flags}

Photos and labels: CIFAR-10N (Wei et al. 2022, arXiv:2110.12088), labels as people gave them: about 40 % of
`worse` are wrong, 17 % of `random1`. Each seed draws {plan.train:,} photos to learn from, with their noisy
labels, and {plan.scored:,} others that are scored by their clean labels. Percent right: mean and 95 %
t-interval over seeds. The difference from cross-entropy is taken seed by seed, on the same photos. Seeds
share photos, so intervals are a little too narrow; of many comparisons one in twenty looks real by chance.

## Heads on frozen features

{plan.backbone} at {plan.head_size} pixels, features of one plain view. A linear head by Adam,
{plan.head_epochs} epochs, batches of {plan.head_batch}, cosine schedule, no weight decay. The rate of each
loss is the one of {rates} with which {plan.held:.0%} of the training photos,
held out, get most of their *noisy* labels right; then all training photos are learned from. `{quick}`
is cross-entropy with an L2 penalty chosen on inner folds; `{ceiling}` learns from clean labels.

{heads}

Chosen rates, seed by seed:

{chosen}

## Fine-tuned

The whole network at {plan.net_size} pixels, epochs: {plan.net_epochs} for each, batches of {plan.net_batch},
light augmentation, AdamW {plan.net_rate:g} (body: {plan.body_rate:g} of it), cosine with warm-up, the same
for all{speed}. This pair of rates was the best of three for cross-entropy by the *noisy* labels of unseen
photos (`random1`, one seed). Mixup, cutmix and EMA go with cross-entropy. Last weights, one plain view.

{nets}

## Settings

{settings}
"""


def page(plan: Plan, results: Results, seeds: tuple[int, int], nets: list[str]) -> str:
    """The page, from what is known."""
    heads, tuned = list(head_runs(seeds[0])), list(net_runs(seeds[1], nets))
    specs = {name: complete("losses", spec) for name, spec in LOSSES.items()}
    told = [
        f"* {name}: " + ", ".join(f"{key} {value}" for key, value in spec.items() if key != "name")
        for name, spec in specs.items()
    ]
    known = [results.known.get(run.key(plan)) for run in tuned]
    speeds = [one["photos_per_second"] for one in known if one]
    return TEXT.format(
        plan=plan,
        flags=f"--seeds {seeds[0]} {seeds[1]} --epochs {plan.net_epochs}",
        rates=", ".join(f"{rate:g}" for rate in plan.rates),
        quick=QUICK,
        ceiling=CEILING,
        speed=f", at {np.median(speeds):.0f} photos/s" if speeds else "",
        heads="\n".join(table(heads, plan, results)),
        chosen="\n".join(rates(heads, plan, results)),
        nets="\n".join(table(tuned, plan, results)),
        settings="\n".join(told),
    )


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("what", choices=("heads", "nets", "page"))
    words.add_argument("--work", type=Path, required=True, help="folder for features and results")
    words.add_argument("--seeds", type=int, nargs=2, default=(10, 3), metavar=("HEADS", "NETS"))
    words.add_argument("--nets", nargs="+", choices=list(NETS), default=list(NETS)[:7], metavar="METHOD")
    words.add_argument("--epochs", type=int, default=Plan.net_epochs, help="of fine-tuning")
    words.add_argument("--out", type=Path, default=PAGE, help="of page")
    words.add_argument("--tiny", action="store_true", help="a few photos: does it run?")
    given = words.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    plan = TINY if given.tiny else Plan(net_epochs=given.epochs)
    if given.what == "page":
        given.out.parent.mkdir(parents=True, exist_ok=True)
        write_text(given.out, page(plan, Results(given.work), tuple(given.seeds), given.nets))
        print(given.out)
        return
    heads = given.what == "heads"
    runs = head_runs(given.seeds[0]) if heads else net_runs(given.seeds[1], given.nets)
    work_through(list(runs), plan, given.work)


if __name__ == "__main__":
    main()
