"""``thresher run --fit-here``: what it may not mean, and what it changed, for a person."""

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from thresher.errors import RecipeError

if TYPE_CHECKING:
    from thresher.cli.display import Display
    from thresher.dataset.table import Dataset
    from thresher.pipeline.fitting.fit import Fitted
    from thresher.recipe.schema import Recipe

SMALLEST = 128
"""Side in pixels below which training made a head worse that was fitted on frozen features (measured)."""


def refuse_minutes(minutes: float, smoke: bool) -> None:
    """Refuses what --fit-here cannot mean.

    Raises:
        RecipeError: no time at all, or a recipe that is shrunk already.
    """
    if not 0 < minutes < float("inf"):
        raise RecipeError(
            f"--fit-here {minutes:g}: give the minutes that the whole command may take, above 0"
        )
    if smoke:
        raise RecipeError("--smoke and --fit-here both shrink the recipe: give one of them")


def fitted(
    recipe: "Recipe", dataset: "Dataset", minutes: float, folder: Path, fresh: bool, progress: "Display"
) -> "Recipe":
    """The recipe that ends in time on this machine; says what was changed in it, and why."""
    from thresher.pipeline.fitting.command import fit_in_folder

    found, known = fit_in_folder(recipe, dataset, minutes, folder, fresh, progress)
    show(found, known, progress.console)
    return found.recipe


def show(fitted: "Fitted", known: bool, console: Console) -> None:
    """A table of key, was, is and why; one line above it, and one below where the time does not do.

    Args:
        fitted: recipe and changes.
        known: whether an earlier call fitted it.
        console: where to.
    """
    minutes, seconds = fitted.minutes, fitted.forecast.whole
    if not fitted.changes:
        console.print(Text(f"--fit-here {minutes:g}: the recipe is short enough as it is"))
        return
    again = ", as an earlier call fitted it" if known else ""
    about = f"about {seconds / 60:.1f} min" if seconds >= 60 else f"about {seconds:.0f} s"
    console.print(Text(f"--fit-here {minutes:g}: {about} with these changes{again}"), soft_wrap=True)
    console.print(changes_table(fitted))
    if little_left(fitted):
        words = "little is left of this recipe: more minutes, or --recipe quick, are likely to score better"
        console.print(Text(words, style="yellow"), soft_wrap=True)
    if not fitted.fits:
        words = (
            f"warning: even the smallest form of this recipe takes {about} here, more than {minutes:g} min"
        )
        console.print(Text(words, style="yellow"), soft_wrap=True)


def little_left(fitted: "Fitted") -> bool:
    """Whether a model trains for one epoch, or on photos of which frozen features tell more than training."""
    models = fitted.recipe.models.values()
    stages = [(model, [stage for stage in model.stages if stage.kind == "train"]) for model in models]
    return any(
        sum(stage.epochs for stage in trained) < 2
        or min(stage.image_size or model.image_size for stage in trained) < SMALLEST
        for model, trained in stages
        if trained
    )


def changes_table(fitted: "Fitted") -> Table:
    """The changes, readable in 80 columns: the reason folds."""
    from thresher.pipeline.fitting.changes import shown

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("key", overflow="fold", max_width=30)
    table.add_column("was", overflow="fold", max_width=16)
    table.add_column("is", overflow="fold", max_width=16)
    table.add_column("why", overflow="fold", style="dim")
    for change in fitted.changes:
        cells = (change.key.removeprefix("models."), shown(change.before), shown(change.after), change.why)
        table.add_row(*map(Text, cells))
    return table
