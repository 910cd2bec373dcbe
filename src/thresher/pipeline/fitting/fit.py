"""Any recipe, made small enough for this machine and a given time."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from pydantic import ValidationError

from thresher.dataset.table import Dataset
from thresher.errors import RecipeError
from thresher.pipeline.bench import fold_numbers
from thresher.pipeline.expected import Forecast, Rates, expected
from thresher.pipeline.fit import resolve_jobs
from thresher.pipeline.fitting.amounts import Counts, Table
from thresher.pipeline.fitting.changes import Change, joined
from thresher.pipeline.fitting.rungs import Rung, apart, rungs
from thresher.pipeline.fitting.speed import Photos, natural
from thresher.pipeline.fitting.trees import Tree
from thresher.pipeline.fitting.weights import at_hand, replaced
from thresher.pipeline.forecast import COPIES, REPORT_SECONDS
from thresher.recipe.schema import ModelSection, Recipe
from thresher.training.harness import Harness

SHARE = 0.88
"""Of the time, what the fitted recipe may be forecast to take: measurements err, and it must not be more."""
WORTH = 0.985
"""Share of the time that a step may leave at most, or it is not taken: it would cost accuracy only."""
SHORT = 5.0
"""Minutes below which the smallest bundled backbones are taken at once: to measure others is too long."""
ENGINE_SECONDS, STAGE_SECONDS = 3.0, 5.0
"""What a run measures: the fastest engine of a model, precision and steps of a train stage."""
FACTS_SECONDS = 1.2e-3
"""Light and sharpness of a photo."""
SUFFIX = "-here"
NO_WEIGHTS = "its weights are neither installed nor to be had from the hub"
NAME = "another run folder, and another name in the ledger, than the whole recipe's"


class Machine(Rates, Protocol):
    """Rates, and what some of the photos say of all."""

    photos: Photos
    harness: Harness

    @property
    def took(self) -> float:
        """Seconds in which one backbone was measured; 0 before the first."""


@dataclass(frozen=True)
class Fitted:
    """A recipe for this machine.

    Attributes:
        recipe: valid, with every step of the one it was made of.
        changes: every key that differs; none where the recipe fitted as it was.
        forecast: of the whole command.
        minutes: that were given.
    """

    recipe: Recipe
    changes: tuple[Change, ...]
    forecast: Forecast
    minutes: float

    @property
    def fits(self) -> bool:
        """Whether the forecast is within the time."""
        return self.forecast.whole <= 60 * self.minutes


def fit_here(
    recipe: Recipe,
    dataset: Dataset,
    minutes: float,
    machine: Machine,
    *,
    past: Callable[[], float] = lambda: 0.0,
    have: Callable[[ModelSection], bool] = at_hand,
) -> Fitted:
    """Makes a recipe smaller, step by step, until the whole command is forecast to end in time.

    First backbones without weights are replaced by bundled ones. Then come, each only if the recipe is still
    too long, the steps of `thresher.pipeline.fitting.rungs`. Once it is short enough, each of them, the last
    first, is left out again where there is time for that after all.

    Args:
        recipe: as the user wrote it.
        dataset: what it is to be run on.
        minutes: > 0, for the whole command.
        machine: how fast it is.
        past: seconds of the command that are gone, asked when everything is measured.
        have: whether a model's weights are at hand.

    Returns:
        the fitted recipe; the smallest one, which does not fit, where none does.
    """
    table = Table(dataset)
    way = _Way(table, recipe.model_dump(mode="json"))

    def forecast(candidate: Recipe) -> Forecast:
        found = whole(candidate, table, machine)
        found.past += past()
        return found

    smaller = way.take(replaced(recipe, have, minutes < SHORT), NO_WEIGHTS) or recipe
    taken: list[tuple[_Way, Rung]] = []
    found = forecast(smaller)
    limit = 60 * minutes * SHARE
    if found.whole > limit:
        side, labelled = machine.photos.side, round(int(dataset.labelled.sum()) * 0.8)
        for rung in rungs(side, labelled, natural):
            before = way.here()
            made = way.step(rung)
            if made is None:
                continue
            shorter = forecast(made)
            if shorter.total > WORTH * found.total and not rung.always:
                way = before
                continue
            smaller, found = made, shorter
            taken.append((before, rung))
            if found.whole <= limit:
                break
        spare = range(len(taken)) if found.whole <= limit else range(0)
        for place in reversed(spare):
            before, rung = taken[place]
            if rung.always:
                continue
            without, rest = before.here(), list[tuple[_Way, Rung]]()
            for _, later in taken[place + 1 :]:
                rest.append((without.here(), later))
                without.step(later)
            made = Recipe.model_validate(without.now)
            longer = forecast(made)
            if longer.whole <= limit:
                way, smaller, found, taken = without, made, longer, [*taken[:place], *rest]
    if way.steps and not recipe.name.endswith(SUFFIX):
        smaller = way.take({**way.now, "name": recipe.name + SUFFIX}, NAME) or smaller
    return Fitted(smaller, tuple(joined(way.steps)), found, minutes)


@dataclass
class _Way:
    """A dumped recipe, and how it came to be.

    Attributes:
        table: of the data set.
        now: the recipe.
        steps: the recipe before and after each step, and why.
    """

    table: Table
    now: Tree
    steps: list[tuple[Tree, Tree, str]] = field(default_factory=list)

    def here(self) -> "_Way":
        """A copy, to come back to."""
        return replace(self, steps=list(self.steps))

    def step(self, rung: Rung) -> Recipe | None:
        """Takes a rung; None where it changes nothing, or makes no valid recipe."""
        after = apart(self.now)
        rung.make(after)
        return self.take(after, rung.why)

    def take(self, after: Tree, why: str) -> Recipe | None:
        """Goes to another recipe; None where it is the same, or not valid."""
        made = None if after == self.now else self._valid(after)
        if made is not None:
            plain = made.model_dump(mode="json")
            self.steps.append((self.now, plain, why))
            self.now = plain
        return made

    def _valid(self, tree: Tree) -> Recipe | None:
        try:
            made = Recipe.model_validate(tree)
            self.table.folds(made)
        except (ValidationError, RecipeError, ValueError):
            return None
        return made


def whole(recipe: Recipe, table: Table, machine: Machine) -> Forecast:
    """Seconds of a run from reading photos to the report, were it begun now."""
    counts = Counts(table, recipe)
    folds = len(fold_numbers(counts.folds))
    recipe = resolve_jobs(recipe, None, machine.harness, folds)
    found = expected(recipe, counts.plan, counts, machine)
    photos = len(table.dataset)
    looks = 1 + COPIES * bool(recipe.folds["near_duplicates"])
    found.seconds["rest"] += REPORT_SECONDS + photos * FACTS_SECONDS * looks + photos * machine.photos.read
    found.seconds["rest"] += table.ensemble(recipe, folds)
    found.seconds["rest"] += _measuring(recipe, machine.took)
    return found


def _measuring(recipe: Recipe, took: float) -> float:
    """Seconds of what the run measures before its jobs, if measuring one backbone took so long here."""
    engines, stages = set(), set()
    for model in recipe.models.values():
        network = (model.backbone, model.weights, model.image_size)
        if "auto" in (model.engine, model.precision):
            engines.add((*network, str(model.head)))
        for stage in model.stages:
            if stage.kind == "train":
                stages.add((*network, stage.image_size, stage.batch_size, str(stage.loss)))
    return max(ENGINE_SECONDS, 0.7 * took) * len(engines) + max(STAGE_SECONDS, took) * len(stages)
