"""Searching weights of nine models: all subsets, differential evolution, greedy; a paired bootstrap."""

import csv
import os
import resource
import subprocess
import sys
import time
from itertools import combinations
from pathlib import Path

import numpy as np

from common import Table, main, seconds, times_as

PHOTOS, CLASSES, MODELS, DRAWS = 21_397, 5, 9, 10_000
SETTINGS = {"maxiter": 20, "tol": 1e-5, "seed": 8}  # S07's
FOLDS = 4
GOALS = {"subsets": 0.5, "greedy": 1.0, "bootstrap": 2.0}


def measure(quick: bool) -> Table:
    """Seconds of each search, ours and written as the source writes it, and what both find."""
    from thresher.ensemble import REGISTRY, Stack
    from thresher.metrics.comparison import compare
    from thresher.metrics.metric import metric
    from thresher.metrics.mixture import Mixture
    from thresher.predictions import Predictions

    scores, targets, kind = nine_models(1_000 if quick else None)
    names = tuple(f"model{place}" for place in range(MODELS))
    quarters = np.arange(len(targets)) * FOLDS // len(targets)  # KFold without shuffling
    stack = Stack(scores, targets, quarters, names)
    table = Table(
        "Ensembles",
        (
            "what",
            "as the source writes it",
            "Thresher",
            "times as fast",
            "accuracy found, source and Thresher",
        ),
        notes=[
            f"{len(targets):,} photos, {CLASSES} classes, {MODELS} models ({kind}). Goals: all subsets "
            f"{GOALS['subsets']} s; differential evolution 50 times as fast, accuracy the same to .0002; "
            f"greedy {GOALS['greedy']:.0f} s; bootstrap {GOALS['bootstrap']:.0f} s; less than 1 GB."
        ],
    )

    tried = list(combinations(range(MODELS), 3))[:: 20 if quick else 8]
    slow = seconds(lambda: [by_rows(scores[list(one)].sum(0), targets) for one in tried], 1) / len(tried)
    part = REGISTRY.build("subsets")
    fast = seconds(lambda: part.fit(stack), 3)
    found = answers(part.fit(stack).apply(scores), targets)
    every = [list(one) for size in range(1, MODELS + 1) for one in combinations(range(MODELS), size)]
    best = max(answers(scores[one].sum(0), targets) for one in every)
    rows = [(f"all {len(every)} subsets", slow * len(every), fast, best, found)]

    train = stack.take(quarters != 0)
    evolution = REGISTRY.build("differential_evolution", {"rounds": 2 if quick else 20, "seed": 8})
    begin = time.perf_counter()
    best = source_evolution(train.scores, train.targets, 2 if quick else SETTINGS["maxiter"])
    slow = FOLDS * (time.perf_counter() - begin)
    folds = [stack.take(quarters != fold) for fold in range(FOLDS)]
    fast = seconds(lambda: [evolution.fit(one) for one in folds], 1 if quick else 3)
    found = answers(evolution.fit(train).apply(train.scores), train.targets)
    rows.append(
        (f"differential evolution, {FOLDS} folds (source: one fold, times {FOLDS})", slow, fast, best, found)
    )
    for title, before, after, source, ours in rows:
        table.rows.append(
            (title, f"{before:.1f} s", f"{after:.3f} s", times_as(before, after), f"{source:.5f}, {ours:.5f}")
        )

    for bags in (1, 20):
        part = REGISTRY.build("greedy", {"rounds": 200, "bags": bags})
        fast = seconds(lambda part=part: part.fit(stack), 3)
        title = "greedy, 200 rounds" + (f", {bags} bags" if bags > 1 else "")
        table.rows.append(
            (title, "", f"{fast:.3f} s", "", f"{answers(part.fit(stack).apply(scores), targets):.5f}")
        )
    mixture = Mixture(metric("accuracy"), scores, targets)
    weights = np.random.default_rng(0).random((1000, MODELS))
    fast = seconds(lambda: mixture.gains(weights), 3)
    table.rows.append(("accuracy of 1,000 weightings", "", f"{fast:.3f} s", "", ""))
    ids = np.array([f"{number:06d}" for number in range(len(targets))], dtype=object)
    labels = np.array([f"class{target}" for target in targets], dtype=object)
    classes = tuple(f"class{number}" for number in range(CLASSES))
    pair = [Predictions(ids, one, classes, "oof", labels, quarters) for one in scores[:2]]
    draws = 200 if quick else DRAWS
    fast = seconds(lambda: compare(*pair, resamples=draws), 3)
    table.rows.append((f"paired bootstrap of {draws:,} draws, four metrics", "", f"{fast:.2f} s", "", ""))
    words = [sys.executable, __file__, "--memory", "1000" if quick else "0"]
    memory = float(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    table.rows.append(
        ("peak memory of a process that does all of Thresher's", "", f"{memory:.2f} GB", "", "")
    )
    return table


def nine_models(photos: int | None = None) -> tuple[np.ndarray, np.ndarray, str]:
    """Scores (9, N, 5) and targets (N,): a real stack's with noise on its logits, else made ones."""
    folder = Path(os.environ.get("THRESHER_DATA", "")) / "cassava_scores"
    rng = np.random.default_rng(0)
    if "THRESHER_DATA" in os.environ and folder.is_dir():
        with (folder / "train.csv").open() as file:
            labels = {row["image_id"]: int(row["label"]) for row in csv.DictReader(file)}
        with (folder / "stack14_oof.csv").open() as file:
            rows = list(csv.DictReader(file))
        targets = np.array([labels[row["image_id"]] for row in rows])
        base = np.log(np.array([[float(row[f"c{k}"]) for k in range(CLASSES)] for row in rows]).clip(1e-6))
        kind = "real out-of-fold scores of cassava 2020 with noise"
    else:
        targets = rng.choice(CLASSES, PHOTOS, p=[0.05, 0.1, 0.11, 0.62, 0.12])
        base = 3 * np.eye(CLASSES)[targets] + rng.normal(0, 1.2, (PHOTOS, CLASSES))
        kind = "made scores"
    spreads = np.linspace(0.5, 1.3, MODELS)
    logits = np.stack([base + rng.normal(0, spread, base.shape) for spread in spreads])[:, :photos]
    powers = np.exp(logits - logits.max(2, keepdims=True))
    return powers / powers.sum(2, keepdims=True), targets[:photos], kind


def answers(scores: np.ndarray, targets: np.ndarray) -> float:
    return float((scores.argmax(1) == targets).mean())


def by_rows(scores: np.ndarray, targets: np.ndarray) -> float:
    """Accuracy as the source computes it, row by row."""
    return float(np.average(targets == list(map(lambda x: np.argmax(x), scores))))  # noqa: C417


def source_evolution(scores: np.ndarray, targets: np.ndarray, rounds: int) -> float:
    """The source's differential evolution (on arrays of numbers; its own hold an array in each cell, and are
    four times as slow); returns the accuracy that it finds."""
    from scipy.optimize import differential_evolution

    rows = np.ascontiguousarray(scores.transpose(1, 0, 2))

    def loss(weights: np.ndarray, scores: np.ndarray, targets: np.ndarray) -> float:
        return 1 - by_rows(np.mean(weights[:, None] * scores, axis=1), targets)

    found = differential_evolution(
        loss, [(0.0, 1.0)] * len(scores), (rows, targets), **{**SETTINGS, "maxiter": rounds}
    )
    return 1 - float(found.fun)


def _memory(photos: int | None) -> None:
    """Prints the peak memory in GB of a process that searches and compares."""
    from thresher.ensemble import REGISTRY, Stack
    from thresher.ensemble.nested import nested
    from thresher.metrics.comparison import compare
    from thresher.predictions import Predictions

    scores, targets, _ = nine_models(photos)
    stack = Stack(scores, targets, np.arange(len(targets)) % FOLDS, tuple("abcdefghi"))
    for name in ("subsets", "differential_evolution", "greedy"):
        nested(REGISTRY.build(name), stack, 0)
    ids = np.arange(len(targets)).astype(str).astype(object)
    labels = targets.astype(str).astype(object)
    pair = [Predictions(ids, one, tuple("01234"), "oof", labels, stack.folds) for one in scores[:2]]
    compare(*pair, resamples=200 if photos else DRAWS)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        _memory(int(sys.argv[2]) or None)
    else:
        main(measure)
