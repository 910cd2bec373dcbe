"""The training loop, from top to bottom."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from thresher.images.cache import PhotoCache
from thresher.models.photo_model import PhotoModel
from thresher.optim.groups import parameter_groups
from thresher.progress import Progress
from thresher.recipe.schema import TrainStage, build
from thresher.seeds import seed_torch
from thresher.training.batch_norm import freeze_batch_norm, refit_batch_norm
from thresher.training.batches import epoch_batches
from thresher.training.harness import Harness
from thresher.training.loader import Loader
from thresher.training.memory import keep_memory
from thresher.training.photos import TrainPhotos
from thresher.training.state import StateFile
from thresher.training.task import Batch, Supervised

History = list[dict[str, float]]


@dataclass(frozen=True)
class TrainData:
    """What a stage learns from.

    Attributes:
        cache: decoded photos of the whole data set.
        rows: the training rows (N,).
        targets: class index of every row of the data set (M,).
        weights: weight of every row (M,), or None.
    """

    cache: PhotoCache
    rows: np.ndarray
    targets: np.ndarray
    weights: np.ndarray | None = None


def train_stage(
    model: PhotoModel,
    stage: TrainStage,
    data: TrainData,
    *,
    image_size: int,
    seed: int,
    number: int,
    harness: Harness,
    state_file: StateFile,
    history: History,
    workers: int,
    watch: Callable[[PhotoModel], dict[str, float]],
    progress: Progress,
) -> None:
    """Trains ``model`` in place; when it returns, the model holds the averaged weights.

    Args:
        model: starts from the weights it has.
        stage: what the recipe says; its precision is resolved.
        data: photos and targets.
        image_size: side in pixels of the training photos.
        seed: the job's seed.
        number: of the stage within the model, for seeds and history.
        harness: device and processes.
        state_file: mid-epoch state; when it holds one, training goes on from there.
        history: gets one row per epoch: stage, epoch, train_loss, lr, seconds, photos_per_second and what
            ``watch`` returned.
        workers: processes that make batches.
        watch: scores the averaged model after each epoch, for the learning curve only.
        progress: told of photos and loss.
    """
    keep_memory()
    model.requires_grad_(False)
    model.head.requires_grad_(True)
    body = model.backbone if stage.layers == "all" and stage.body_lr > 0 else None
    if body is not None:
        body.requires_grad_(True)
    if stage.batch_norm == "frozen":
        freeze_batch_norm(model)
    net = harness.wrap(model)
    lr, decay = stage.optimizer["lr"], stage.optimizer["weight_decay"]
    optimizer = build("optim", stage.optimizer, parameter_groups(model.head, body, lr, stage.body_lr, decay))
    schedule = build("schedules", stage.schedule)
    average = build("averaging", stage.averaging, model)
    task = Supervised(build("losses", stage.loss).to(harness.device))
    base_rates = [group["lr"] for group in optimizer.param_groups]
    weights = np.ones(len(data.targets)) if data.weights is None else data.weights
    batches_per_epoch = len(epoch_batches(data.rows, stage.batch_size, seed, 0))
    steps_per_epoch = -(-batches_per_epoch // stage.accumulate)
    steps = steps_per_epoch * stage.epochs
    position = {"epoch": 0, "batch": 0, "loss": 0.0, "seconds": 0.0}

    saved = state_file.load()
    if saved is not None and saved["stage"] == number:
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        average.restore(saved["average"])
        position = saved["position"]
        history[:] = saved["history"]
    else:  # after `load`, which puts back the random state of whatever stage it finds
        seed_torch(seed, "stage", number)

    def save() -> None:
        parts: dict[str, Any] = {
            "stage": number,
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
        }
        state_file.save({**parts, "average": average.state(), "position": position, "history": history})

    photos = TrainPhotos(data.cache, stage.augment, stage.image_size or image_size, seed)
    progress.start(f"training stage {number + 1}", len(data.rows) * stage.epochs)
    progress.advance(int(position["epoch"]) * len(data.rows))
    with Loader(photos, workers) as loader:
        for epoch in range(int(position["epoch"]), stage.epochs):
            model.train()
            if stage.layers == "head":
                model.backbone.eval()
            if stage.batch_norm == "frozen":
                freeze_batch_norm(model)
            batches = epoch_batches(data.rows, stage.batch_size, seed, epoch)
            first = int(position["batch"])
            seen = sum(len(rows) for rows in batches[:first])
            progress.advance(seen)
            todo = [harness.share(rows) for rows in batches[first:]]
            started = time.perf_counter() - position["seconds"]
            for number_in_epoch, (rows, pixels) in enumerate(
                zip(todo, loader(epoch, todo), strict=True), start=first
            ):
                step = epoch * steps_per_epoch + number_in_epoch // stage.accumulate
                factor = schedule.factor(step, steps)
                for group, rate in zip(optimizer.param_groups, base_rates, strict=True):
                    group["lr"] = rate * factor
                # The last step of an epoch may have fewer batches than the others.
                step_start = number_in_epoch - number_in_epoch % stage.accumulate
                in_step = min(stage.accumulate, batches_per_epoch - step_start)
                last = number_in_epoch + 1 == step_start + in_step
                whole = batches[number_in_epoch]
                scale = harness.share_scale(weights[whole])
                arrays = pixels, data.targets[rows], weights[rows].astype(np.float32)
                batch = Batch(*map(harness.put, arrays))  # (B, S, S, 3), (B,), (B,)
                with harness.accumulating(net, last):
                    with harness.autocast(stage.precision):
                        loss = task(net, batch)["loss"]
                    (loss * (scale / in_step)).backward()  # type: ignore[no-untyped-call]
                if last:
                    if stage.clip is not None:
                        torch.nn.utils.clip_grad_norm_(model.parameters(), stage.clip)
                    optimizer.step()
                    optimizer.zero_grad(set_to_none=True)
                    average.after_step()
                mean_loss = harness.total(float(loss.detach()) * scale / harness.processes)
                position["loss"] += mean_loss * len(whole)
                position["batch"] = number_in_epoch + 1
                seen += len(whole)
                progress.advance(len(whole), loss=position["loss"] / seen)
                if last and state_file.due():
                    position["seconds"] = time.perf_counter() - started
                    save()
            seconds = time.perf_counter() - started
            average.after_epoch(epoch)
            average.swap()
            facts = watch(model)
            average.swap()
            row = {"stage": number, "epoch": epoch + 1, "train_loss": position["loss"] / len(data.rows)}
            row |= {
                "lr": optimizer.param_groups[0]["lr"],
                "seconds": seconds,
                "photos_per_second": len(data.rows) / seconds,
            }
            history.append(row | facts)
            position = {"epoch": epoch + 1, "batch": 0, "loss": 0.0, "seconds": 0.0}
            if state_file.due():
                save()
        average.swap()
        if average.refits_batch_norm and stage.batch_norm == "train" and stage.layers == "all":
            fixed = epoch_batches(data.rows, stage.batch_size, seed, stage.epochs)
            refit_batch_norm(model, (harness.put(pixels) for pixels in loader(stage.epochs, fixed)))
    progress.finish()
    model.eval()
