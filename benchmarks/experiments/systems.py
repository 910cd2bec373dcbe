"""Which competition systems run, how long their smoke runs take, and what they reach in a quarter of an hour.

    export THRESHER_DATA=...   # a folder that holds art7/ (train.csv, train/, test/) and cassava_scores/
    python benchmarks/experiments/systems.py smoke --work W [--only s01 s02]     # every step on 70 photos
    python benchmarks/experiments/systems.py fit-here --work W [--only s01 s02]  # 15 minutes for each
    python benchmarks/experiments/systems.py stack --work W    # two ensembles over scores; after smoke
    python benchmarks/experiments/systems.py page --work W                      # writes docs/systems.md

``fit-here`` takes ``--minutes``, too, and ``--answers FILE``: image_id and label of the test photos. ``page``
takes ``--remark TEXT``: what else a reader should know of these measurements.
A system that is in W/results.jsonl already is not run again: the same command goes on where it stopped.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd
from results import Results, machine

from ensembles import data, margins_as_scores
from thresher.files import read_json, write_text
from thresher.recipe.fillings import Fillings, fillings
from thresher.recipe.presets import FOLDER, PresetInfo, list_presets
from thresher.run_folder import RunFolder

PAGE = Path(__file__).parents[2] / "docs" / "systems.md"
PHOTOS = 70


def systems(only: Iterable[str] = ()) -> list[PresetInfo]:
    """The recipes of competition systems, or some of them."""
    wanted = set(only)
    return [info for info in list_presets() if info.source and (not wanted or info.name in wanted)]


def call(name: str, out: Path, *words: str) -> dict[str, Any]:
    """Runs a system on paintings in a process of its own; how it ended and how long it took."""
    art = data() / "art7"
    paths = [str(art / "train.csv"), "--images", str(art / "train"), "--test", str(art / "test")]
    return command("run", *paths, "--recipe", name, "--out", str(out), *words)


def command(*words: str) -> dict[str, Any]:
    """A command of thresher in a process of its own; how it ended and how long it took."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "thresher", *words], capture_output=True, text=True, check=False
    )
    seconds, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
    facts = {"code": done.returncode, "seconds": round(seconds, 1), "processor": round(processor, 1)}
    return {**facts, "machine": machine(), "cores": os.cpu_count()}


def smoke(name: str, work: Path) -> dict[str, Any]:
    """Every step of a system on few, small photos."""
    return call(name, work / "smoke" / name, "--smoke", "--fresh", "--set", f"data.limit={PHOTOS}")


def fit_here(name: str, work: Path, minutes: float, answers: Path | None) -> dict[str, Any]:
    """A system shrunk so that it ends in time: its score, and what was forecast."""
    run = RunFolder(work / f"fit-here-{minutes:g}" / name)
    words = ["--fit-here", f"{minutes:g}"]
    without = ["--set", "data.source=null"] if "source: source" in whole_text(name) else []
    found = call(name, run.root, *words, *without)
    if found["code"]:
        return found
    found["accuracy"] = read_json(run.metrics)["oof"]["accuracy"]
    for line in run.log.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if event["event"] == "forecast":
            found.setdefault("forecast", event["whole"])
    if answers is not None:
        told, right = pd.read_csv(run.submission), pd.read_csv(answers)
        both = told.merge(right, on="image_id", suffixes=("_told", "_right"))
        found["answers"] = float((both["label_told"] == both["label_right"]).mean())
    return found


STACKS = {
    "s24": "out-of-fold scores of two teams of cassava 2020",
    "s07": "out-of-fold scores of the models of its smoke run",
}


def stack(name: str, work: Path) -> dict[str, Any]:
    """The ensemble of a system over scores that are there already."""
    out = work / "stack" / name
    if name == "s24":
        folder, margins = data() / "cassava_scores", work / "resnext101.csv"
        margins_as_scores().to_csv(margins, index=False)
        places = ["--scores", str(folder / "stack14_oof.csv"), "--scores", str(margins)]
        places += ["--labels", str(folder / "train.csv"), "--folds", "3"]  # each fit takes a minute
    else:
        places = [str(work / "smoke" / name)]
    found = command("ensemble", *places, "--method", name, "--out", str(out))
    return found if found["code"] else {**found, "told": read_json(out / "metrics.json")}


def stacks(results: Results) -> list[str]:
    """One row for each ensemble of a system over scores that are there already."""
    lines = [
        "## Two ensembles by themselves",
        "",
        "`thresher ensemble --scores A --scores B --labels train.csv --folds 3 --method s24` and `thresher "
        "ensemble RUN --method s07`. Accuracy of photos that the ensemble was not fitted on (nested) with "
        "its 95 % interval, of those that it was fitted on (naive), and of the plain mean.",
        "",
        "| system | over | photos | nested | naive | the mean | weights | wall |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, over in STACKS.items():
        found = results.known.get(f"stack {name}", {})
        if not ended(found):
            continue
        told = found["told"]
        nested, naive, mean = (
            one["accuracy"] for one in (told["nested"], told["naive"], told["methods"]["mean"]["nested"])
        )
        weights = told["weights"] or {}
        cells = [
            name,
            f"{over}: {len(told['models'])}",
            f"{told['photos']:,}",
            *(f"{one['value']:.4f} ({one['low']:.4f} to {one['high']:.4f})" for one in (nested, naive, mean)),
            ", ".join(f"{model} {weight:.2f}" for model, weight in weights.items() if weight > 0.005),
            f"{found['seconds']:.0f} s",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, ""]


def files(name: str) -> list[Path]:
    """The recipe's file and those that it inherits from."""
    import yaml

    path = FOLDER / f"{name.removesuffix('.yaml')}.yaml"
    base = yaml.safe_load(path.read_text(encoding="utf-8")).get("base")
    return [path, *(files(base) if base else [])]


def whole_text(name: str) -> str:
    """The text of a recipe and of all that it inherits."""
    return "\n".join(path.read_text(encoding="utf-8") for path in files(name))


def filled(name: str) -> Fillings:
    """What is filled in, in the recipe and in what it inherits."""
    return fillings(whole_text(name))


def table(results: Results, minutes: float) -> list[str]:
    """One row for each system."""
    known = any("answers" in one for one in results.known.values())
    titles = ["system", "source, claim", "what runs", "smoke run"]
    titles += [f"in {minutes:g} min: OOF accuracy, 95 %", "wall, forecast"]
    titles += ["held-back answers"] if known else []
    lines = [f"| {' | '.join(titles)} |", "|" + " --- |" * len(titles)]
    for info in systems():
        tiny = results.known.get(f"smoke {info.name}", {})
        here = results.known.get(f"fit-here {minutes:g} {info.name}", {})
        score, answers = here.get("accuracy"), here.get("answers")
        cells = [
            f"[{info.name}](#{info.name})",
            f"{info.source}: {info.claim}",
            info.description if info.status == "runs" else f"{info.description} ({info.status})",
            f"{tiny['seconds']:.0f} s ({tiny['processor']:.0f} s of processor)" if ended(tiny) else "",
            f"{score['value']:.3f} ({score['low']:.3f} to {score['high']:.3f})" if score else "",
            f"{here['seconds']:.0f} s, {here.get('forecast', 0):.0f} s" if score else "",
        ]
        if known:
            cells.append("" if answers is None else f"{answers:.3f}")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def ended(found: dict[str, Any]) -> bool:
    """Whether a run is known and ended well."""
    return bool(found) and found["code"] == 0


def section(info: PresetInfo) -> list[str]:
    """What a system fills in, does otherwise and leaves out."""
    found = filled(info.name)
    lines = [f"## {info.name}", "", f"{info.description} {info.source}: {info.claim}.", ""]
    titles = {"Not as the source": found.changed, "Left out as yet": found.later}
    for title, said in titles.items():
        lines += [f"* **{title}:** {one[:1].upper()}{one[1:]}" for one in said]
    if found.not_stated:
        settings = "; ".join(written(one) for one in dict.fromkeys(found.not_stated))
        lines.append(f"* **Not stated, filled in:** {settings.rstrip('.')}.")
    return [*lines, ""]


def written(one: str) -> str:
    """A setting that the source leaves open, with what is said of it; or a remark on several."""
    setting, _, rest = one.partition("; ")
    if not re.match(r"[\w@]+:|\{|\w+$", setting):
        return one
    return f"`{setting.rstrip(':')}`" + (f" ({rest})" if rest else "")


def page(results: Results, minutes: float, remark: str) -> None:
    """Writes docs/systems.md."""
    measured = [one for one in results.known.values() if "machine" in one]
    machines = "; ".join(dict.fromkeys(f"{one['machine']}, {one['cores']} cores" for one in measured))
    lines = [
        "# Systems of competitions",
        "",
        "Written by `benchmarks/experiments/systems.py page`; change it there, or in the recipes.",
        "",
        "Each is a recipe with its authors' own sizes and epochs: `thresher recipes s07` prints one, and",
        "`thresher run train.csv --images photos/ --recipe s07` runs it. Most weights come from the hub.",
        "`--smoke` tries every step on any machine, in seconds to a minute, with small sisters of the",
        "networks and random weights. Systems that learn from two years want a table with a column `source`",
        "(c20 and c19); without it: `--set data.source=null`.",
        "",
        f"Smoke runs: {PHOTOS} paintings and as many test photos, wall-clock and processor time of the whole "
        "command. Where a machine has other work, the wall clock says little.",
        *([f"Machine: {machines}."] if machines else []),
        *([remark] if remark else []),
        "",
        *table(results, minutes),
        "",
        *stacks(results),
    ]
    for info in systems():
        lines += section(info)
    write_text(PAGE, "\n".join(lines))


def measure(results: Results, kind: str, names: list[str], run: Callable[[str], dict[str, Any]]) -> None:
    """Runs what is not known yet; a run that failed is tried again."""
    for name in names:
        key = f"{kind} {name}"
        if not ended(results.known.get(key, {})):
            found = {"key": key, **run(name)}
            results.add(found)
            print(json.dumps(found), flush=True)


def main() -> None:
    """See the top of the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["smoke", "fit-here", "stack", "page"])
    parser.add_argument("--work", type=Path, required=True, metavar="W")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--remark", default="", metavar="TEXT")
    parser.add_argument("--answers", type=Path, metavar="FILE")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    results, names = Results(args.work), [info.name for info in systems(args.only)]
    unknown = sorted(set(args.only) - set(names))
    if unknown:
        parser.error(f"no such system: {', '.join(unknown)}")
    if args.what == "page":
        page(results, args.minutes, args.remark)
        return
    if args.what == "smoke":
        measure(results, "smoke", names, lambda name: smoke(name, args.work))
    elif args.what == "stack":
        measure(results, "stack", list(STACKS), lambda name: stack(name, args.work))
    else:
        kind = f"fit-here {args.minutes:g}"
        measure(results, kind, names, lambda name: fit_here(name, args.work, args.minutes, args.answers))


if __name__ == "__main__":
    main()
