"""``thresher run --budget``: the option's meaning, and what is shown at the end."""

import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from thresher.errors import RecipeError

if TYPE_CHECKING:
    from thresher.pipeline.budget.spend import Spent

_TIME = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|min)?")
_SECONDS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, None: 60.0}
STARTING = 10.0
"""Seconds that loading the interpreter can take; more is another life of the process."""
FREE = ("data", "images", "folds", "seed", "metrics", "training")
"""What `--set` may change: all but what the budget decides."""


def seconds_of(text: str) -> float:
    """``90s``, ``10m``, ``1h``, ``1.5h``; a plain number counts minutes.

    Raises:
        RecipeError: it is none of these, or no time at all.
    """
    found = _TIME.fullmatch(text.strip().lower())
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    if seconds <= 0:
        raise RecipeError(f"--budget {text}: write a time such as 90s, 10m or 1h; a plain number is minutes")
    return seconds


def refuse(smoke: bool, recipe: str, fit_here: float | None) -> None:
    """Makes sure that nothing else says what is to be done.

    Raises:
        RecipeError: something does.
    """
    if recipe != "quick":
        raise RecipeError(
            f"--recipe {recipe}: the budget chooses by itself. Give --recipe or --budget, not both."
        )
    if smoke:
        raise RecipeError("--smoke: shrinks a recipe, and a budget has none. Give a short --budget instead.")
    if fit_here is not None:
        raise RecipeError("--fit-here: shrinks a recipe, and a budget has none. Give --budget alone.")


def check_settings(overrides: list[str]) -> None:
    """Makes sure that nothing is set that the budget decides.

    Raises:
        RecipeError: something is.
    """
    for text in overrides:
        key = text.partition("=")[0].strip().split(".")[0]
        if key not in FREE:
            raise RecipeError(
                f"--set {text}: with --budget, models and their ensemble are chosen by the program. "
                "Leave it out, or give --recipe instead of --budget."
            )


def run_budget(
    text: str,
    overrides: list[str],
    data: Path,
    images: Path | None,
    test: Path | None,
    out: Path | None,
    corrections: Path | None,
    fresh: bool,
    begun: float,
) -> None:
    """Spends the time, then shows what came of it.

    Args:
        text: the budget as it was given.
        overrides: ``key=value`` texts.
        data, images, test, out, corrections, fresh: as `thresher run` has them.
        begun: when the command began, by `time.perf_counter`.
    """
    from thresher.cli.display import Display
    from thresher.cli.run import default_folder
    from thresher.recipe.loader import load

    seconds = seconds_of(text)
    check_settings(overrides)
    loaded = load("quick", overrides)
    folder = out or default_folder("budget", data)

    from thresher.dataset.open import open_dataset
    from thresher.dataset.submission import find_sample
    from thresher.pipeline.budget.spend import spend

    with Display() as progress:
        spent = spend(
            open_dataset(data, images, test, loaded.data),
            loaded,
            folder,
            seconds,
            begun=begun_at(begun),
            deal=not any(one.startswith(("folds=", "folds.n", "folds.name")) for one in overrides),
            sample=find_sample(data, test, loaded.data),
            corrections=corrections,
            fresh=fresh,
            progress=progress,
        )
    show(spent, seconds, time.perf_counter() - begun)


def begun_at(command: float) -> float:
    """When the process began, by `time.perf_counter`: loading the interpreter is a part of the budget.

    Args:
        command: when the command began; taken where the process does not say, or has done other things.
    """
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError, ValueError, IndexError):
        return command
    start = time.perf_counter() - age
    return start if 0 <= command - start < STARTING else command


def show(spent: "Spent", budget: float, seconds: float) -> None:
    """The table of steps, the scores, and how to go on."""
    from thresher.cli import console
    from thresher.cli.run import summary

    table = console.table("step", "forecast", "seconds", "alone", "together", "kept", "why")
    for step in spent.steps:
        scores = [f"{one:.3f}" if one is not None else "" for one in (step.alone, step.together)]
        kept = "yes" if step.kept else "no"
        table.add_row(step.name, f"{step.forecast:.0f}", f"{step.seconds:.0f}", *scores, kept, step.why)
    console.answers().print(table)
    rows = summary(spent.run, seconds)
    again = f"the same command with more than {console.duration(budget)} goes on from here"
    if spent.interrupted:
        left = max(0.0, budget - spent.seconds)
        again = (
            f"interrupted, and usable as it is; the same command goes on ({console.duration(left)} are left)"
        )
    console.show_facts([*rows, ("budget", again)])
