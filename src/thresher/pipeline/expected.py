"""What a run has left to do, in seconds: the amounts that a recipe asks for times the rates of a machine."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from thresher.inference.views.base import View
from thresher.inference.views.expand import expand_views
from thresher.pipeline.bench import Job, Plan, depth
from thresher.pipeline.frozen import frozen_stages, frozen_views
from thresher.pipeline.score import is_linear
from thresher.recipe.part import build
from thresher.recipe.schema import LinearStage, ModelSection, Recipe, RepairStage, TrainStage

HEAD_SECONDS = 8e-9
"""Seconds per row, feature and class of one fit of a linear head, measured on one core."""
EXPORT_SECONDS = 1.5
"""Seconds in which a trained model becomes a graph for one size of photos, measured on two cores."""
JOB_SECONDS = 0.7
"""A training job's model is built, and its files are written."""
PROCESS_SECONDS = 4.0
"""Processes that train several jobs at a time are started."""

KINDS = ("features", "heads", "training", "augmentation", "scoring", "rest")
Seconds = dict[str, float]


@dataclass
class Forecast:
    """What is left to do, in seconds, and what was measured on the way.

    Attributes:
        seconds: by kind of work: features, heads, training, augmentation (as far as the steps wait for it),
            scoring, and the rest: processes, copies of photos, ensemble, report.
        step_rate: photos per second of one job's training steps on data in memory, while as many jobs train
            as the recipe says, by model and stage number.
        past: seconds of the command that were gone when this was measured.
    """

    seconds: Seconds = field(default_factory=lambda: dict.fromkeys(KINDS, 0.0))
    step_rate: dict[str, dict[int, float]] = field(default_factory=dict)
    past: float = 0.0

    @property
    def total(self) -> float:
        """Seconds that are left."""
        return sum(self.seconds.values())

    @property
    def whole(self) -> float:
        """Seconds of the whole command, from its start to its end."""
        return self.past + self.total

    def sentence(self) -> str:
        """``forecast: about 12 min 0 s (features 30 s, training 11 min 0 s, scoring 30 s)``."""
        given = {**self.seconds, "until now": self.past}
        parts = ", ".join(f"{name} {clock(value)}" for name, value in given.items() if value >= 0.5)
        return f"forecast: about {clock(self.whole)}" + (f" ({parts})" if parts else "")


def clock(seconds: float) -> str:
    """``42 s``, ``3 min 10 s`` or ``2 h 5 min``."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


class Amounts(Protocol):
    """How many photos each part of a run looks at."""

    @property
    def readable(self) -> int:
        """Photos of which features are computed."""

    @property
    def classes(self) -> int:
        """K."""

    def training(self, fold: int) -> int:
        """Photos that a job of a fold may learn from."""

    def held(self, fold: int) -> int:
        """Photos of a fold."""

    def asked(self, job: Job) -> int:
        """Photos beyond its fold that a job scores."""

    def shown(self, fold: int, stage: TrainStage) -> int:
        """Photos that an epoch of a stage shows, were none held back."""

    def pending(self, section: ModelSection, view: View) -> str | None:
        """The name of features that are not there yet; None where they are."""


class Rates(Protocol):
    """How fast a machine is; ``recipe`` is the one that is being reckoned."""

    def score(self, recipe: Recipe, name: str, size: int | None) -> float:
        """Seconds for a photo that all cores score; of a frozen backbone at a size, else at the model's."""

    def step(self, recipe: Recipe, name: str, number: int) -> float:
        """Seconds for a photo of one job's training steps, while as many train as will."""

    def view(self, recipe: Recipe, name: str, number: int) -> float:
        """Seconds by which making its random view delays a photo of a stage."""

    def width(self, section: ModelSection) -> int:
        """Features of a backbone."""


def expected(recipe: Recipe, plan: Plan, amounts: Amounts, rates: Rates) -> Forecast:
    """Features, heads, training and scoring of all that is left; not what comes before and after the jobs.

    Args:
        recipe: with its number of jobs at a time.
        plan: all jobs, and what is left of each.
        amounts: numbers of photos.
        rates: of the machine.
    """
    result = Forecast()
    counted: set[str] = set()
    at_a_time = recipe.training.jobs or 1
    pieces: dict[int, list[Seconds]] = {}
    for name, section in recipe.models.items():
        mine = [(job, left) for job, left in plan if job.model == name and left != "nothing"]
        if not mine:
            continue
        shown, fits = expand_views(section.views), any(left == "fit" for _, left in mine)
        views = list(frozen_views(recipe, name)) if fits else []
        views += [(section, view) for view in shown] if is_linear(section) else []
        for loaded, view in views:
            key = amounts.pending(loaded, view)
            if key is not None and key not in counted:
                counted.add(key)
                size = view.size(section.image_size)
                result.seconds["features"] += amounts.readable * rates.score(recipe, name, size)
        steps = {n: stage for n, stage in enumerate(section.stages) if stage.kind == "train" and fits}
        if steps:
            result.step_rate[name] = {n: 1 / rates.step(recipe, name, n) for n in steps}
        elif not is_linear(section):
            result.step_rate[name] = {}
        for job, left in mine:
            piece = dict.fromkeys(KINDS, 0.0)
            if left == "fit":
                _count_fit(piece, recipe, job, amounts, rates)
            if is_linear(section):
                for kind, value in piece.items():
                    result.seconds[kind] += value
                continue
            photos = (amounts.held(job.fold) + amounts.asked(job)) * _members(section)
            cost = sum((view.size(section.image_size) / section.image_size) ** 2 for view in shown)
            piece["scoring"] += photos * cost * rates.score(recipe, name, None) * at_a_time
            if section.engine != "torch":
                sizes = {view.size(section.image_size) for view in shown}
                piece["scoring"] += EXPORT_SECONDS * len(sizes) * _members(section)
            piece["rest"] += JOB_SECONDS if left == "fit" else 0.0
            pieces.setdefault(depth(recipe, name), []).append(piece)
    for level in pieces.values():
        if at_a_time > 1:
            result.seconds["rest"] += PROCESS_SECONDS
        for kind, value in makespan(level, at_a_time).items():
            result.seconds[kind] += value
    return result


def makespan(pieces: Sequence[Seconds], at_a_time: int) -> Seconds:
    """Seconds until the last of some jobs ends, by kind, if each is begun as soon as there is room for it.

    Args:
        pieces: seconds of each, by kind, in the order in which they are begun.
        at_a_time: how many are under way.
    """
    ends = [0.0] * at_a_time
    for piece in pieces:
        heapq.heapreplace(ends, ends[0] + sum(piece.values()))
    added = {kind: sum(piece.get(kind, 0.0) for piece in pieces) for kind in KINDS}
    whole = sum(added.values())
    share = max(ends) / whole if whole else 0.0
    return {kind: value * share for kind, value in added.items()}


def fits_of(stage: LinearStage | RepairStage) -> float:
    """Fits of a head, as a multiple of one on all training photos: inner ones see means over views."""
    inner = len(stage.penalties) * (stage.inner_folds - 1) if len(stage.penalties) > 1 else 0
    if stage.kind == "linear":
        return inner + len(expand_views(stage.views))
    return 0 if stage.scores is not None else stage.rounds * (inner + stage.inner_folds - 1)


def _count_fit(piece: Seconds, recipe: Recipe, job: Job, amounts: Amounts, rates: Rates) -> None:
    """Adds what fitting one job takes."""
    section = recipe.models[job.model]
    for frozen in frozen_stages(section):
        rows = amounts.training(job.fold) * fits_of(frozen)
        piece["heads"] += HEAD_SECONDS * rows * rates.width(section) * amounts.classes
    kept = 1 - _inner_share(section)
    for number, stage in enumerate(section.stages):
        if stage.kind != "train":
            continue
        step, shown = rates.step(recipe, job.model, number), amounts.shown(job.fold, stage) * kept
        # A look at the held-out fold after an epoch is a forward pass, a third of a step, at its size.
        look = step * _forward(stage) * (section.image_size / (stage.image_size or section.image_size)) ** 2
        on = None if stage.select is None else stage.select.on
        seen = amounts.held(job.fold) if recipe.training.watch or on == "fold" else 0
        if on == "inner":
            seen += round(amounts.training(job.fold) * (1 - kept))
        passes = stage.epochs * shown
        piece["training"] += passes * step + stage.epochs * seen * look
        piece["augmentation"] += passes * rates.view(recipe, job.model, number)
        if stage.averaging["name"] in ("swa", "ema") and stage.batch_norm == "train":
            piece["training"] += _refits(stage) * shown * step * _forward(stage)


def _forward(stage: TrainStage) -> float:
    """A forward pass as a share of a step."""
    share = 1.0 if stage.layers == "head" or stage.body_lr == 0 else 1 / 3
    return share / (2 if stage.optimizer["name"] == "sam" else 1)


def _refits(stage: TrainStage) -> bool:
    """Whether batch norms are estimated again for the average."""
    import torch

    return bool(build("averaging", stage.averaging, torch.nn.Module()).refits_batch_norm)


def _members(section: ModelSection) -> int:
    """Sets of weights that score: snapshots, or one."""
    last = section.stages[-1] if section.stages else None
    several = isinstance(last, TrainStage) and last.averaging["name"] == "snapshot"
    return int(last.averaging["last"]) if several and isinstance(last, TrainStage) else 1


def _inner_share(section: ModelSection) -> float:
    """The share of the training photos that epochs are chosen on."""
    trained = [stage.select for stage in section.stages if stage.kind == "train" and stage.select is not None]
    return max((select.share for select in trained if select.on == "inner"), default=0.0)
