"""The training loop, from top to bottom."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from thresher.images.cache import PhotoCache
from thresher.models.photo_model import PhotoModel
from thresher.progress import Progress
from thresher.recipe.part import build
from thresher.recipe.schema import TrainStage
from thresher.sampling.base import Candidates
from thresher.seeds import generator, seed_torch
from thresher.training.batch_norm import refit_batch_norm
from thresher.training.batches import epoch_batches, steps_of
from thresher.training.harness import Harness
from thresher.training.learner import Learner
from thresher.training.loader import Loader
from thresher.training.photos import TrainPhotos
from thresher.training.selection import Selection
from thresher.training.state import StateFile
from thresher.training.task import Batch

History = list[dict[str, float]]
Watch = Callable[[PhotoModel], dict[str, float]]


@dataclass(frozen=True)
class TrainData:
    """What a stage learns from.

    Attributes:
        cache: decoded photos of the whole data set.
        rows: the training rows (N,).
        targets: class index of every row of the data set (M,), or soft (M, K).
        classes: all class names (K,).
        weights: weight of every row (M,), or None.
        sources: source of every row (M,), or None.
    """

    cache: PhotoCache
    rows: np.ndarray
    targets: np.ndarray
    classes: tuple[str, ...]
    weights: np.ndarray | None = None
    sources: np.ndarray | None = None

    def candidates(self) -> Candidates:
        """The training photos as samplers see them: of soft targets the class with the largest share."""
        sources = None if self.sources is None else self.sources[self.rows]
        targets = self.targets[self.rows]
        targets = targets if targets.ndim == 1 else targets.argmax(1)
        return Candidates(self.rows, targets, self.classes, sources)

    def counts(self) -> np.ndarray:
        """Training photos of each class (K,); a soft target counts with its shares."""
        targets = self.targets[self.rows]
        if targets.ndim == 2:
            return np.asarray(targets.sum(0, dtype=np.float64))
        return np.bincount(targets, minlength=len(self.classes))


def train_stage(
    model: PhotoModel,
    stage: TrainStage,
    data: TrainData,
    *,
    image_size: int,
    seed: int,
    number: int,
    first_epoch: int,
    harness: Harness,
    state_file: StateFile,
    history: History,
    workers: int,
    watch: Watch,
    progress: Progress,
) -> list[dict[str, Tensor]]:
    """Trains ``model`` in place; when it returns, the model holds the averaged or the best weights.

    Args:
        model: starts from the weights it has.
        stage: what the recipe says; its precision is resolved.
        data: photos and targets.
        image_size: side in pixels of the training photos.
        seed: the job's seed.
        number: of the stage within the model, for history and state.
        first_epoch: epochs of the model's stages before; order and views of the photos go on from there.
        harness: device and processes.
        state_file: mid-epoch state; when it holds one, training goes on from there.
        history: gets one row per epoch: stage, epoch, train_loss, lr, seconds, photos_per_second and what
            ``watch`` returned.
        workers: processes that make batches.
        watch: scores the averaged model after each epoch; its ``score`` (higher is better) is what epochs are
            chosen by, where the stage chooses.
        progress: told of photos and loss.

    Returns:
        sets of weights whose predictions are to be averaged; empty where the model itself is the result.
    """
    sampler, candidates = build("sampling", stage.sampling), data.candidates()
    weights = np.ones(len(data.targets)) if data.weights is None else data.weights

    def batches_of(epoch: int) -> list[np.ndarray]:
        rows = sampler(candidates, generator(seed, "sample", first_epoch + epoch))
        return epoch_batches(rows, stage.batch_size, seed, first_epoch + epoch)

    photos_per_epoch = sum(map(len, batches_of(0)))
    steps_per_epoch = len(steps_of(batches_of(0), stage.accumulate))
    learner = Learner(model, stage, harness, steps_per_epoch * stage.epochs, data.counts())
    selection = Selection(stage.select)
    position = {"epoch": 0, "step": 0, "loss": 0.0, "seconds": 0.0}

    saved = state_file.load()
    if saved is not None and saved["stage"] == number:
        learner.restore(saved["learner"])
        selection.restore(saved["selection"])
        position, history[:] = saved["position"], saved["history"]
    else:  # after `load`, which puts back the random state of whatever stage it finds
        seed_torch(seed, "stage", number)

    def save() -> None:
        parts = {"stage": number, "learner": learner.state(), "selection": selection.state()}
        state_file.save({**parts, "position": position, "history": history})

    photos = TrainPhotos(data.cache, stage.augment, stage.image_size or image_size, seed)
    progress.start(f"training stage {number + 1}", photos_per_epoch * stage.epochs)
    progress.advance(int(position["epoch"]) * photos_per_epoch)
    with Loader(photos, workers) as loader:
        for epoch in range(int(position["epoch"]), stage.epochs):
            if selection.stop:
                break
            learner.train()
            steps = steps_of(batches_of(epoch), stage.accumulate)
            first = int(position["step"])
            seen = sum(len(rows) for step in steps[:first] for rows in step)
            progress.advance(seen)
            todo = [harness.share(rows) for step in steps[first:] for rows in step]
            pixels = loader(first_epoch + epoch, todo, epoch / stage.epochs)
            started = time.perf_counter() - position["seconds"]
            for in_epoch, step in enumerate(steps[first:], start=first):
                place = epoch * steps_per_epoch + in_epoch
                rng = generator(seed, "mix", first_epoch + epoch, in_epoch, harness.rank)
                batches = []
                for rows in step:
                    own = harness.share(rows)
                    shown = next(pixels), data.targets[own], weights[own].astype(np.float32)
                    put = [harness.put(array) for array in shown]  # (B, S, S, 3), (B,) or (B, K), (B,)
                    share = harness.share_scale(weights[rows]) / len(step)
                    batches.append(learner.mixed(Batch(put[0], put[1], put[2], share), rng, place))
                losses = learner.step(batches, place)
                total = 0.0
                for loss, batch, rows in zip(losses, batches, step, strict=True):
                    total += loss * batch.share * len(step) * len(rows)
                count = sum(map(len, step))
                seen += count
                position["loss"] += harness.total(total) / harness.processes
                position["step"] = in_epoch + 1
                progress.advance(count, loss=position["loss"] / seen)
                if state_file.due():
                    position["seconds"] = time.perf_counter() - started
                    save()
            seconds = time.perf_counter() - started
            learner.eval()
            learner.average.after_epoch(epoch)
            learner.average.swap()
            facts = watch(model)
            score = harness.total(facts.get("score", 0.0))
            selection.after_epoch(model, epoch, score)
            learner.average.swap()
            learner.average.scored(epoch, score)
            learner.schedule.after_epoch(score)
            row = {"stage": number, "epoch": epoch + 1, "train_loss": position["loss"] / photos_per_epoch}
            row |= {
                "lr": learner.optimizer.param_groups[0]["lr"],
                "seconds": seconds,
                "photos_per_second": photos_per_epoch / seconds,
            }
            history.append(row | facts)
            position = {"epoch": epoch + 1, "step": 0, "loss": 0.0, "seconds": 0.0}
            if state_file.due():
                save()
        learner.average.finish(lambda: harness.total(watch(model).get("score", 0.0)))
        learner.average.swap()
        selection.apply(model)
        if learner.average.refits_batch_norm and stage.batch_norm == "train" and learner.trains_body:
            fixed = epoch_batches(data.rows, stage.batch_size, seed, first_epoch + stage.epochs)
            refit_batch_norm(
                model, (harness.put(pixels) for pixels in loader(first_epoch + stage.epochs, fixed))
            )
    progress.finish()
    model.eval()
    members: list[dict[str, Tensor]] = learner.average.members()
    return members
