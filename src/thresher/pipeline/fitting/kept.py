"""The fitted recipe stands in the run folder: the same command again goes on with it, without measuring."""

from dataclasses import asdict
from typing import Any

from thresher.errors import RecipeError
from thresher.files import digest, read_json, write_json
from thresher.pipeline.expected import Forecast
from thresher.pipeline.fitting.changes import Change
from thresher.pipeline.fitting.fit import Fitted
from thresher.recipe.loader import dump
from thresher.recipe.schema import Recipe
from thresher.run_folder import RunFolder


def keep(run: RunFolder, asked: Recipe, fitted: Fitted, photos: int) -> None:
    """Writes fit_here.json.

    Args:
        run: its folder.
        asked: the recipe as the user wrote it.
        fitted: what became of it.
        photos: rows of the data set.
    """
    facts = {
        "asked": digest(dump(asked)),
        "photos": photos,
        "minutes": fitted.minutes,
        "forecast": {"seconds": fitted.forecast.seconds, "past": fitted.forecast.past},
        "changes": [{**asdict(change), "key": change.key} for change in fitted.changes],
        "recipe": fitted.recipe.model_dump(mode="json"),
    }
    write_json(run.fit_here, facts)


def recall(run: RunFolder, asked: Recipe, minutes: float, photos: int) -> tuple[Fitted | None, str | None]:
    """What an earlier call kept of the same recipe, minutes and photos; and why that is not taken, else."""
    if not run.fit_here.is_file():
        return None, None
    facts: dict[str, Any] = read_json(run.fit_here)
    reasons = {
        f"{facts['minutes']:g} minutes then, {minutes:g} now": facts["minutes"] != minutes,
        "the recipe is another": facts["asked"] != digest(dump(asked)),
        f"{facts['photos']:,} photos then, {photos:,} now": facts["photos"] != photos,
    }
    differ = [reason for reason, true in reasons.items() if true]
    if differ:
        return None, f"fitted anew: {'; '.join(differ)}"
    try:
        recipe = Recipe.model_validate(facts["recipe"])
    except ValueError as error:
        raise RecipeError(f"{run.fit_here}: {error}. Give --fresh to start anew.") from error
    changes = tuple(
        Change(tuple(one["path"]), one["before"], one["after"], one["why"]) for one in facts["changes"]
    )
    forecast = Forecast(facts["forecast"]["seconds"], past=facts["forecast"]["past"])
    return Fitted(recipe, changes, forecast, facts["minutes"]), None
