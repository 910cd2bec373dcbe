"""How fast the command line answers."""

import subprocess
import sys

from common import Table, main, seconds, times_as

GOAL = 0.5


def measure(quick: bool) -> Table:
    """Seconds of whole processes, the best of several."""
    repeats = 2 if quick else 9
    words = {
        "python that does nothing": ["-c", "pass"],
        "thresher --help": ["-m", "thresher", "--help"],
        "thresher recipes": ["-m", "thresher", "recipes"],
        "python that imports torch": ["-c", "import torch"],
    }
    found = {
        name: seconds(
            lambda given=given: subprocess.run([sys.executable, *given], check=True, capture_output=True),
            repeats,
        )
        for name, given in words.items()
    }
    base = found["thresher --help"]
    table = Table("Start", ("what", "seconds", "times as long"), notes=[f"Goal for --help: under {GOAL} s."])
    table.rows += [(name, f"{value:.2f}", times_as(value, base)) for name, value in found.items()]
    return table


if __name__ == "__main__":
    main(measure)
