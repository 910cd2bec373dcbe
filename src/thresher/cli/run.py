"""``thresher run``: from photos to a model, a score, a report and a submission."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thresher.cli.options import Data, Images, RecipeName, Set, Smoke, Test, Verbose

if TYPE_CHECKING:
    from thresher.run_folder import RunFolder

GENERIC = {"train", "training", "labels", "label", "data", "index", "images", "photos", "dataset"}
"""Names that say nothing of a data set; the folder above says more."""
_TITLES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "log_loss": "log loss",
}


def run(
    data: Data,
    images: Images = None,
    test: Test = None,
    recipe: RecipeName = "quick",
    set_: Set = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="RUN", help="The run folder.  [dim]\\[runs/RECIPE-DATA][/]"),
    ] = None,
    corrections: Annotated[
        Path | None,
        typer.Option(
            "--corrections", metavar="FILE", help="Teach corrected labels: a CSV of image_id,old,new,action."
        ),
    ] = None,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", metavar="", help="Start anew; what this run folder holds is kept beside it."),
    ] = False,
    smoke: Smoke = False,
    fit_here: Annotated[
        float | None,
        typer.Option(
            "--fit-here",
            metavar="MINUTES",
            help="Shrink the recipe so that the whole command ends in time on this machine.",
            show_default=False,
        ),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            "--budget",
            metavar="TIME",
            help="Instead of a recipe: the best that 90s, 10m or 1h allow; the same with more time goes on.",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Short for --set seed=N.", show_default=False)
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Train on photos, score them out of fold, and write a report and a submission.

    A command that was stopped is given again to continue where it was.
    """
    from thresher.cli import console
    from thresher.cli.display import Display
    from thresher.recipe.loader import load

    begin = time.perf_counter()
    overrides = [*(set_ or []), *([f"seed={seed}"] if seed is not None else [])]
    if budget is not None:
        from thresher.cli.budget import refuse, run_budget

        refuse(smoke, recipe, fit_here)
        run_budget(budget, overrides, data, images, test, out, corrections, fresh, begin)
        return
    if fit_here is not None:
        from thresher.cli.fitting import refuse_minutes

        refuse_minutes(fit_here, smoke)
    loaded = load(recipe, overrides, smoke)  # before anything slow: its errors are the likeliest
    folder = out or default_folder(loaded.name + ("-here" if fit_here is not None else ""), data)

    from thresher.dataset.open import open_dataset
    from thresher.dataset.submission import find_sample
    from thresher.dataset.tabular import has_column
    from thresher.pipeline.run import run as run_pipeline

    with Display() as progress:
        progress.begun = begin
        shrinks = smoke or fit_here is not None
        if shrinks and loaded.data.source and not has_column(data, loaded.data.source):
            from thresher.recipe.sources import without_source

            progress.say(f"{data}: no column {loaded.data.source!r}: all photos count as one source")
            loaded = without_source(loaded)
        dataset = open_dataset(data, images, test, loaded.data)
        sample = find_sample(data, test, loaded.data)
        if fit_here is not None:
            from thresher.cli.fitting import fitted

            loaded, fresh = fitted(loaded, dataset, fit_here, folder, fresh, progress), False
        done = run_pipeline(
            dataset,
            loaded,
            folder,
            sample=sample,
            corrections=corrections,
            fresh=fresh,
            progress=progress,
        )
    if os.environ.get("RANK", "0") == "0":  # of several processes under a launcher the first one speaks
        console.show_facts(summary(done, time.perf_counter() - begin))


def default_folder(recipe: str, data: Path) -> Path:
    """``runs/<recipe>-<data>``; where the data's own name says nothing (train.csv), its folder's is taken."""
    path = data.resolve()
    name = path.name if path.is_dir() else path.stem
    if name.lower() in GENERIC:
        name = path.parent.name
    return Path("runs") / f"{recipe}-{name or 'data'}"


def summary(run: "RunFolder", seconds: float) -> list[tuple[str, str]]:
    """What a person wants to know at the end: scores with intervals, time, broken photos, where to look."""
    from thresher.cli import console
    from thresher.files import read_json

    metrics: dict[str, Any] = read_json(run.metrics)
    scores = metrics.get("oof", {})
    rows = [(title, interval(scores[name])) for name, title in _TITLES.items() if name in scores]
    corrected = metrics.get("oof_corrected")
    if corrected:
        rows.append(("accuracy on corrected labels", interval(corrected["accuracy"])))
    rows.append(("time", console.duration(seconds)))
    broken = metrics.get("photos", {}).get("broken", 0)
    if broken:
        rows.append(("broken photos", f"{broken:,} (listed in the report and in {run.dataset.name})"))
    for title, path in (("report", run.report), ("submission", run.submission)):
        if path.is_file():
            rows.append((title, console.short_path(path)))
    return rows


def interval(score: dict[str, float]) -> str:
    """``0.923  (95 %: 0.907 to 0.938)``."""
    return f"{score['value']:.3f}  (95 %: {score['low']:.3f} to {score['high']:.3f})"
