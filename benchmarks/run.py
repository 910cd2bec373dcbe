"""Runs the benchmarks one after the other, each in its own process, and writes benchmarks/RESULTS.md.

    python benchmarks/run.py [--only decode engines ...] [--quick]

All numbers of a table come from one run: compare the ratios, not numbers of different days.
"""

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import Table, machine

HERE = Path(__file__).parent
NAMES = (
    "decode",
    "loader",
    "precision",
    "engines",
    "start",
    "tables",
    "intervals",
    "comparison",
    "ensembles",
)
BUSY = 0.5


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument(
        "--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help=", ".join(NAMES)
    )
    words.add_argument("--quick", action="store_true", help="tiny sizes: do they run? writes no results")
    given = words.parse_args()
    load = os.getloadavg()[0]
    if load > BUSY:
        print(f"warning: this machine is busy (load {load:.1f}): the ratios will suffer", file=sys.stderr)
    tables, failed = [], []
    for name in given.only:
        print(f"{name} ...", file=sys.stderr, flush=True)
        start = time.perf_counter()
        table = _run(name, given.quick)
        print(f"{name}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
        if table is None:
            failed.append(name)
        else:
            print(table.markdown(), flush=True)
            tables.append(table)
    if not given.quick and tables and not failed:
        (HERE / "RESULTS.md").write_text(_page(tables, list(given.only), load), encoding="utf-8")
        print(f"written: {HERE / 'RESULTS.md'}", file=sys.stderr)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _run(name: str, quick: bool) -> Table | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.json"
        words = [
            sys.executable,
            str(HERE / f"{name}.py"),
            "--json",
            str(path),
            *(["--quick"] if quick else []),
        ]
        environment = {
            **os.environ,
            "NO_ALBUMENTATIONS_UPDATE": "1",
            "THRESHER_CACHE": str(Path(folder) / "cache"),
        }
        done = subprocess.run(words, env=environment, stdout=subprocess.DEVNULL, check=False)
        return Table(**json.loads(path.read_text())) if done.returncode == 0 else None


def _page(tables: list[Table], only: list[str], load: float) -> str:
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    lines = ["# Benchmarks", "", f"`make bench`, {day}; load of the machine before it: {load:.1f}.", ""]
    lines += ["| machine | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in machine()), ""]
    left_out = [name for name in NAMES if name not in only]
    if left_out:
        lines += [f"Not run this time: {', '.join(left_out)}.", ""]
    return "\n".join(lines) + "\n" + "\n".join(table.markdown() for table in tables)


if __name__ == "__main__":
    sys.exit(main())
