"""Variants of a recipe on the same photos, folds and seeds: which of them helps?"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from thresher.dataset.table import Dataset
from thresher.errors import RunError
from thresher.files import write_atomic
from thresher.metrics.scores import METRICS
from thresher.pipeline.run import run
from thresher.pipeline.workspace import Workspace
from thresher.progress import SILENT, Progress
from thresher.recipe.variants import BASELINE, Variant
from thresher.report.comparison import write_comparison
from thresher.report.sides import open_sides
from thresher.report.standing import Standing, stand
from thresher.run_folder import RunFolder

PAGE, TABLE = "ablation.html", "ablation.csv"


@dataclass(frozen=True)
class Ablation:
    """What is left of it.

    Attributes:
        standing: every variant against the baseline.
        runs: the run of each variant.
        table: ablation.csv. page: ablation.html.
    """

    standing: Standing
    runs: tuple[RunFolder, ...]
    table: Path
    page: Path


def ablate(
    dataset: Dataset,
    variants: Sequence[Variant],
    out: str | Path,
    *,
    resamples: int = 10_000,
    title: str = "",
    progress: Progress = SILENT,
) -> Ablation:
    """Runs every variant in a folder of its own, and compares all with the first.

    Jobs that another variant has done are not done again, features of frozen backbones are shared, and what
    was measured on this machine (engine, precision) is decided once. What was finished by an earlier call is
    left as it is.

    Args:
        dataset: photos and labels.
        variants: two or more; see `thresher.recipe.variants.make_variants`.
        out: the folder; each run lies in a folder of its variant's name.
        resamples: bootstrap draws of the comparison.
        title: heading of the page.
        progress: told of variants, stages and photos.

    Raises:
        RunError: the folder is a run's own.
        ThresherError: as `thresher.pipeline.run.run`.
    """
    folder = Path(out)
    if RunFolder(folder).log.is_file():
        raise RunError(f"{folder}: is the folder of one run. Choose another with --out.")
    done: list[RunFolder] = []
    for number, variant in enumerate(variants, 1):
        progress.say(f"variant {number} of {len(variants)}: {variant.name}")
        done.append(run(dataset, variant.recipe, folder / variant.folder, beside=done, progress=progress))
    sides = [
        replace(side, name=variant.name)
        for side, variant in zip(open_sides([one.root for one in done]), variants, strict=True)
    ]
    standing = stand(sides, resamples)
    table = ablation_frame(standing, variants, done)
    path = write_atomic(folder / TABLE, lambda file: table.to_csv(file, index=False, lineterminator="\n"))
    first = variants[0]
    told = ", ".join(f"{key}={value}" for key, value in first.settings.items())
    page = write_comparison(
        folder / PAGE,
        standing,
        sides[0].paths,
        title=title or folder.resolve().name,
        kind="ablation",
        settings=[told] + [""] * (len(variants) - 1) if first.name == BASELINE else None,
    )
    return Ablation(standing, tuple(done), path, page)


def ablation_frame(
    standing: Standing, variants: Sequence[Variant], runs: Sequence[RunFolder]
) -> pd.DataFrame:
    """One row per variant: its settings; every metric with its interval, its difference from the first, p
    value and corrected p value; seconds; folder."""
    rows = []
    for place, (variant, run_folder) in enumerate(zip(variants, runs, strict=True)):
        row: dict[str, Any] = {"variant": variant.name, **variant.settings}
        for name in METRICS:
            ends = standing.metrics[place][name]
            row |= {name: ends["value"], f"{name}_low": ends["low"], f"{name}_high": ends["high"]}
            if place:
                one = standing.comparisons[place - 1]
                ends = one.differences[name]
                row |= {
                    f"{name}_difference": ends["value"],
                    f"{name}_difference_low": ends["low"],
                    f"{name}_difference_high": ends["high"],
                    f"{name}_p": one.p_values[name],
                    f"{name}_p_corrected": one.adjusted[name],
                }
        row["seconds"] = sum(Workspace(run_folder, writes=False).seconds().values())
        row["folder"] = run_folder.root.name
        rows.append(row)
    frame = pd.DataFrame(rows)
    return frame[list(dict.fromkeys(key for row in rows[::-1] for key in row))]
