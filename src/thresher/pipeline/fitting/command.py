"""``thresher run --fit-here``: fits a recipe in a run folder, or finds it fitted there."""

import os
import tempfile
import time
from pathlib import Path

from thresher.dataset.table import Dataset
from thresher.errors import RecipeError
from thresher.pipeline.fitting.fit import Fitted, fit_here
from thresher.pipeline.fitting.kept import keep, recall
from thresher.pipeline.fitting.speed import Speed, look_at
from thresher.pipeline.workspace import open_workspace
from thresher.progress import Progress
from thresher.recipe.schema import Recipe
from thresher.training.harness import Harness


def fit_in_folder(
    recipe: Recipe, dataset: Dataset, minutes: float, out: Path, fresh: bool, progress: Progress
) -> tuple[Fitted, bool]:
    """The recipe fitted to this machine; what is measured and decided is kept in the run folder.

    Args:
        recipe: as the user wrote it.
        dataset: what it is to be run on.
        minutes: for the whole command.
        out: the run folder, made if it is not there.
        fresh: start anew; what is there is kept beside it.
        progress: told what is going on.

    Returns:
        the fitted recipe, and whether it stood in the folder.

    Raises:
        RecipeError: several processes are at work.
        RunError: the folder is in use, or holds something else.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise RecipeError(
            "--fit-here measures one process; fit the recipe first, then give recipe.yaml to all"
        )
    begun = time.perf_counter() if progress.begun is None else progress.begun
    with open_workspace(out, fresh, writes=True) as space:
        known, why_not = recall(space.run, recipe, minutes, len(dataset))
        if known is not None:
            return known, True
        if why_not:
            progress.say(why_not)
        progress.start("measuring this machine")
        with space.stage("fit_here"), tempfile.TemporaryDirectory(prefix="thresher-") as scratch:
            machine = Speed(look_at(dataset, recipe), max(2, len(dataset.classes)), Harness(), Path(scratch))
            fitted = fit_here(recipe, dataset, minutes, machine, past=lambda: time.perf_counter() - begun)
        progress.finish()
        keep(space.run, recipe, fitted, len(dataset))
        space.event("fit_here", minutes=minutes, seconds=fitted.forecast.seconds, past=fitted.forecast.past)
    return fitted, False
