"""The learning-rate range test of a recipe's first train stage, on the training photos of the first fold."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from thresher.dataset.table import Dataset
from thresher.errors import RecipeError
from thresher.files import write_atomic
from thresher.models.layers import new_head
from thresher.optim.rates import rate_and_decay, with_rate
from thresher.pipeline.bench import Bench, Job, scored_by
from thresher.pipeline.features import Features
from thresher.pipeline.folds import deal_folds
from thresher.pipeline.lesson import train_data
from thresher.pipeline.photos import check_photos
from thresher.pipeline.repair import repair
from thresher.pipeline.resolve import resolve
from thresher.pipeline.teach import _set_head, _start, split_rows, workers
from thresher.progress import SILENT, Progress
from thresher.recipe.part import build
from thresher.recipe.schema import ModelSection, Recipe, TrainStage
from thresher.registry import nearest
from thresher.run_folder import RunFolder
from thresher.seeds import derive, generator, seed_torch
from thresher.training.batches import epoch_batches, steps_of
from thresher.training.harness import Harness
from thresher.training.learner import Learner
from thresher.training.loader import Loader
from thresher.training.loop import TrainData
from thresher.training.lr_finder import Curve, Suggestion, suggest, sweep
from thresher.training.photos import TrainPhotos
from thresher.training.task import Batch


@dataclass(frozen=True)
class Found:
    """What the range test of a model says.

    Attributes:
        model: its name in the recipe.
        stage: number of the stage, from 1.
        lr: the rate that the recipe says.
        curve: loss by rate of the head.
        suggestion: rates that the curve speaks for.
    """

    model: str
    stage: int
    lr: float
    curve: Curve
    suggestion: Suggestion


def find_lr(
    dataset: Dataset,
    recipe: Recipe,
    *,
    model: str | None = None,
    low: float = 1e-7,
    high: float = 1.0,
    steps: int = 100,
    progress: Progress = SILENT,
) -> Found:
    """Trains the model as its first train stage does, but with a rate that climbs until the loss does.

    Everything of the stage counts: what is learned by the linear stage before it, augmentation, mixing, loss,
    optimizer, rates of body and layers. Rates are those of the head. The weights are thrown away.

    Args:
        dataset: photos and labels.
        recipe: what to train.
        model: its name; default: the first with a train stage.
        low: first rate, > 0.
        high: last rate, > low.
        steps: optimizer steps at most, >= 10.
        progress: told of photos and loss.

    Raises:
        RecipeError: no such model, no train stage, or the loss is lost at once.
    """
    if not 0 < low < high or steps < 10:
        raise RecipeError("the rates must climb from above 0, in at least 10 steps")
    name, number = _choose(recipe, model)
    with TemporaryDirectory() as folder:
        bench = _prepare(dataset, recipe, name, RunFolder(Path(folder)), progress)
        section = bench.recipe.models[name]
        stage = section.stages[number]
        assert isinstance(stage, TrainStage)
        job = Job(name, section.seeds[0], bench.fold_numbers[0])
        seed = derive(bench.recipe.seed, job.seed, job.fold)
        rows, _ = split_rows(bench, job, section, seed)
        seed_torch(seed, "model")
        network = _start(bench, job, section, rows)
        teaching = bench.teaching(rows)
        for place, earlier in enumerate(section.stages[:number]):
            if earlier.kind == "repair":
                teaching, _ = repair(bench, job, earlier, place, rows, teaching, seed)
                continue
            assert earlier.kind == "linear"
            _set_head(bench, section, earlier, network, rows, teaching, seed)
        if stage.new_head:
            seed_torch(seed, "head", number)
            new_head(network)
        data = train_data(bench, rows, teaching)
        lr, _ = rate_and_decay(stage.optimizer)
        highest = stage.model_copy(update={"optimizer": with_rate(stage.optimizer, high)})
        seed_torch(seed, "stage", number)
        learner = Learner(network, highest, bench.harness, steps, data.counts())
        learner.schedule = rate = _Given()
        learner.train()
        photos = TrainPhotos(data.cache, stage.augment, stage.image_size or section.image_size, seed)
        progress.start("learning-rate range test", steps, "steps")
        with Loader(photos, workers(bench)) as loader:
            batches = enumerate(_batches(learner, data, loader, seed))

            def step(value: float) -> float:
                rate.share = value / high
                place, own = next(batches)
                losses = learner.step(own, place)
                loss = sum(value * batch.share for value, batch in zip(losses, own, strict=True))
                progress.advance(1, loss=loss)
                return loss

            curve = sweep(step, low, high, steps)
        progress.finish()
    return Found(name, number + 1, lr, curve, suggest(curve))


def write_curve(found: Found, table: Path, picture: Path) -> None:
    """Writes a curve as a CSV with the columns lr, loss and smooth, and draws it as a PNG."""
    import pandas as pd
    from matplotlib.figure import Figure

    curve, said = found.curve, found.suggestion
    marks = (
        (said.steepest, "tab:red", "-", "falls fastest"),
        (said.tenth, "tab:green", "--", "lowest / 10"),
        (said.highest, "tab:orange", "-.", "low up to"),
        (found.lr, "0.35", ":", "the recipe's"),
    )
    frame = pd.DataFrame({"lr": curve.rates, "loss": curve.losses, "smooth": curve.smooth})
    write_atomic(table, lambda file: frame.to_csv(file, index=False))
    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    axes = figure.subplots()
    axes.plot(curve.rates, curve.losses, ".", color="0.7", markersize=5, label="one step")
    axes.plot(curve.rates, curve.smooth, color="tab:blue", linewidth=2, label="smoothed")
    for value, colour, style, words in marks:
        if value is not None:
            axes.axvline(value, color=colour, linestyle=style, linewidth=1.4, label=f"{words}: {value:.1e}")
    # Where the loss flies off it is cut, or it would press the rest flat.
    bottom, top = float(curve.smooth.min()), float(curve.smooth.max())
    span = min(top - bottom, 2 * max(float(curve.smooth[0]) - bottom, 0.25 * (top - bottom)))
    axes.set_ylim(bottom - 0.15 * span, bottom + 1.15 * span)
    axes.set(xscale="log", xlabel="learning rate of the head", ylabel="training loss")
    axes.set_title(f"{found.model}, stage {found.stage}", loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="0.9")
    axes.legend(frameon=False, loc="upper left")
    write_atomic(picture, lambda file: figure.savefig(file, format="png", dpi=130))


class _Given:
    """Stands for the schedule: the share that was set last."""

    share = 0.0

    def factor(self, step: int, steps: int, epochs: int) -> float:
        return self.share


def _choose(recipe: Recipe, model: str | None) -> tuple[str, int]:
    """The model and the number of its first train stage, from 0."""
    if model is not None and model not in recipe.models:
        raise RecipeError(f"no model is named {model!r}{nearest(model, recipe.models)}")
    for name in recipe.models if model is None else [model]:
        for number, stage in enumerate(recipe.models[name].stages):
            if stage.kind == "train":
                return name, number
    raise RecipeError(
        f"{'the recipe' if model is None else model} has no train stage, and so no learning rate"
    )


def _prepare(dataset: Dataset, recipe: Recipe, name: str, run: RunFolder, progress: Progress) -> Bench:
    """As for a run of this one model that writes nothing."""
    section: ModelSection = recipe.models[name]
    for source in scored_by(section):
        raise RecipeError(f"{name} needs the scores of {source}: find the rate of that one")
    if section.starts_from is not None:
        raise RecipeError(f"{name} starts from {section.starts_from}: find the rate of that one")
    # Nothing is scored, so that no engine has to be measured.
    quick = section.model_copy(update={"engine": "torch", "precision": "fp32"})
    alone = recipe.model_copy(update={"models": {name: quick}})
    harness = Harness()
    checked, cache, mark = check_photos(dataset, alone, run, progress, writes=False)
    dealt = deal_folds(checked, alone, run, writes=False)
    resolved = resolve(alone, None, len(checked.classes), harness, run.features / "graphs", progress)
    usable = np.flatnonzero(checked.usable)
    features = Features(cache, usable, run.features, resolved.images.fit, harness.device, progress)
    return Bench(run, resolved, checked, cache, dealt.folds, dealt.groups, mark, features, harness, progress)


def _batches(learner: Learner, data: TrainData, loader: Loader, seed: int) -> Iterator[list[Batch]]:
    """The batches of one optimizer step after the other, as the loop makes them, for ever."""
    stage, harness = learner.stage, learner.harness
    sampler, candidates = build("sampling", stage.sampling), data.candidates()
    weights = np.ones(len(data.targets)) if data.weights is None else data.weights
    place = 0
    for epoch in itertools.count():
        rows = sampler(candidates, generator(seed, "sample", epoch))
        steps = steps_of(epoch_batches(rows, stage.batch_size, seed, epoch), stage.accumulate)
        pixels: Any = loader(
            epoch, [own for step in steps for own in step], min(epoch, stage.epochs - 1) / stage.epochs
        )
        for in_epoch, step in enumerate(steps):
            rng = generator(seed, "mix", epoch, in_epoch, 0)
            made = []
            for own in step:
                photos, targets = harness.put(next(pixels)), harness.put(data.targets[own])
                weight = harness.put(weights[own].astype(np.float32))
                made.append(learner.mixed(Batch(photos, targets, weight, 1 / len(step)), rng, place))
            yield made
            place = min(place + 1, learner.steps - 1)
