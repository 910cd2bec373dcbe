"""What does `--budget` make of two, five and ten minutes? Three data sets, a quarter of the photos held back.

    export THRESHER_DATA=...   # a folder that holds art7/, mask18/ and cifar10n/
    python benchmarks/experiments/budget.py run --work W    # an hour on a quiet machine
    python benchmarks/experiments/budget.py run --work W --only art7 --minutes 2 5
    python benchmarks/experiments/budget.py page --work W   # writes docs/experiments/budget.md

Every run is a process of its own with an empty photo cache. What is in W/results.jsonl is not run again.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from results import Results, machine

from thresher.files import digest, read_json, write_text
from thresher.predictions import Predictions
from thresher.run_folder import RunFolder

PAGE = Path(__file__).parents[2] / "docs" / "experiments" / "budget.md"
HELD = 0.25
SETS: dict[str, dict[str, str]] = {
    "art7": {"table": "train.csv", "images": "train", "label": "label", "truth": "label"},
    "mask18": {
        "table": "labels.csv",
        "images": "images",
        "label": "label",
        "truth": "label",
        "group": "person",
    },
    "cifar10n": {"table": "labels.csv", "images": "images", "label": "aggregate", "truth": "clean"},
}
MINUTES = (2.0, 5.0, 10.0)


def split(name: str, work: Path, seed: int) -> tuple[Path, Path, pd.DataFrame]:
    """Tables of the photos to learn from and of those held back, which has no labels; and all that is known.

    Groups stay whole. The split depends on the seed alone, so that other programs can be given the same.
    """
    known = SETS[name]
    root = Path(os.environ["THRESHER_DATA"]) / name
    frame = pd.read_csv(root / known["table"])
    unit = frame[known["group"]] if "group" in known else frame["image_id"]
    names = np.array(sorted(unit.astype(str).unique()), dtype=object)
    chosen = set(np.random.default_rng(seed).permutation(names)[: round(HELD * len(names))])
    held = unit.astype(str).isin(chosen)
    columns = ["image_id", known["label"], *([known["group"]] if "group" in known else [])]
    learn, asked = work / f"{name}-{seed}-learn.csv", work / f"{name}-{seed}-asked.csv"
    frame.loc[~held, columns].to_csv(learn, index=False)
    frame.loc[held, ["image_id"]].to_csv(asked, index=False)
    return learn, asked, frame.set_index("image_id")


def measure(name: str, minutes: float, seed: int, work: Path) -> dict[str, Any]:
    """One run, from a cold start."""
    known = SETS[name]
    learn, asked, frame = split(name, work, seed)
    out, cache = work / "runs" / f"{name}-{minutes:g}-{seed}", work / "cache"
    for folder in (out, cache):
        shutil.rmtree(folder, ignore_errors=True)
    root = Path(os.environ["THRESHER_DATA"]) / name
    command = [sys.executable, "-m", "thresher", "run", str(learn), "--images", str(root / known["images"])]
    command += ["--test", str(asked), "--out", str(out), "--budget", f"{60 * minutes:g}s"]
    command += ["--set", f"data.label={known['label']}"]
    if "group" in known:
        command += ["--set", f"data.group={known['group']}"]
    load, begun = os.getloadavg()[0], time.perf_counter()
    subprocess.run(command, check=True, env={**os.environ, "THRESHER_CACHE": str(cache)})
    seconds = time.perf_counter() - begun
    shutil.rmtree(cache, ignore_errors=True)
    run = RunFolder(out)
    metrics = read_json(run.metrics)
    test = Predictions.load(run.predictions("test"))
    right = float((test.predicted == frame.loc[list(test.ids), known["truth"]].astype(str).to_numpy()).mean())
    return {
        "data": name,
        "minutes": minutes,
        "seed": seed,
        "seconds": seconds,
        "load": [load, os.getloadavg()[0]],
        "photos": metrics["photos"],
        "oof": metrics["oof"]["accuracy"],
        "held_back": right,
        "steps": metrics["budget"]["steps"],
        "machine": machine(),
    }


TEXT = """\
# What a budget buys

Written by `benchmarks/experiments/budget.py`. The commands that make it again:

    python benchmarks/experiments/budget.py run --work W
    python benchmarks/experiments/budget.py page --work W

`thresher run --budget` as a process of its own, with an empty photo cache, on three quarters of the photos;
a quarter (of mask18: of the persons) is held back and only predicted. The held-back photos of cifar10n are
scored by their clean labels, the others by their given ones. Load: the machine's load average before and
after, which says how much else it had to do.

| data | minutes | seconds | OOF accuracy | held-back accuracy | steps that stayed | load |
| --- | --- | --- | --- | --- | --- | --- |
{rows}

## Steps

{steps}

Machine: {machines}.
"""


def page(results: Results) -> str:
    """The page, from what is known."""
    found = sorted(results.known.values(), key=lambda one: (one["data"], one["minutes"], one["seed"]))
    machines = "; ".join(sorted({one["machine"] for one in found}))
    return TEXT.format(rows="\n".join(map(row, found)), steps="\n".join(steps(found)), machines=machines)


def row(one: dict[str, Any]) -> str:
    """One run."""
    oof = "{value:.3f} ({low:.3f} to {high:.3f})".format(**one["oof"])
    kept = ", ".join(step["name"] for step in one["steps"] if step["kept"])
    load = " to ".join(f"{value:.1f}" for value in one["load"])
    first = f"| {one['data']} | {one['minutes']:g} | {one['seconds']:.0f} | {oof} | {one['held_back']:.3f} |"
    return f"{first} {kept} | {load} |"


def steps(found: list[dict[str, Any]]) -> Iterator[str]:
    """What every step brought."""
    yield "| data | minutes | step | forecast | seconds | alone | together | |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for one in found:
        for step in one["steps"]:
            scores = " | ".join(
                "" if step[key] is None else f"{step[key]:.3f}" for key in ("alone", "together")
            )
            spent = f"{step['forecast']:.0f} | {step['seconds']:.0f}"
            said = f"{'kept' if step['kept'] else 'not kept'}: {step['why']}"
            yield f"| {one['data']} | {one['minutes']:g} | {step['name']} | {spent} | {scores} | {said} |"


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("what", choices=("run", "page"))
    words.add_argument("--work", type=Path, required=True, help="folder for runs and results")
    words.add_argument("--only", nargs="+", choices=tuple(SETS), default=list(SETS), help="these data sets")
    words.add_argument("--minutes", type=float, nargs="+", default=list(MINUTES))
    words.add_argument("--seeds", type=int, nargs="+", default=[0], help="of the split")
    given = words.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    results = Results(given.work)
    if given.what == "page":
        write_text(PAGE, page(results))
        print(PAGE)
        return
    for seed in given.seeds:
        for name in given.only:
            for minutes in given.minutes:
                key = digest(["budget", name, minutes, seed])
                if key not in results.known:
                    results.add({**measure(name, minutes, seed, given.work), "key": key})
                print(row(results.known[key]), flush=True)


if __name__ == "__main__":
    main()
