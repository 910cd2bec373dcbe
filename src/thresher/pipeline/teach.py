"""The fitting half of a job: all stages of one model on the training rows of one fold."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from thresher.dataset.teaching import Teaching
from thresher.files import write_atomic
from thresher.images.statistics import channel_statistics
from thresher.inference.views.expand import expand_views
from thresher.metrics.scores import LOWER_IS_BETTER, METRICS
from thresher.models.build import build_model
from thresher.models.layers import new_head
from thresher.models.linear import LinearHead, fit_linear, inner_split
from thresher.models.photo_model import PhotoModel
from thresher.pipeline.bench import Bench, Job
from thresher.pipeline.checkpoint import load_checkpoint, save_checkpoint, save_members
from thresher.pipeline.lesson import train_data
from thresher.pipeline.repair import repair
from thresher.pipeline.score import score_plainly
from thresher.recipe.schema import LinearStage, ModelSection, TrainStage
from thresher.seeds import derive, seed_torch
from thresher.training.loop import History, train_stage
from thresher.training.state import StateFile


def fit_job(bench: Bench, job: Job, section: ModelSection, fit_key: str) -> dict[str, Any]:
    """All stages in turn; the job's folder then holds checkpoint and history.

    Returns:
        what job.json is to say of it.
    """
    folder = bench.run.job(job.model, job.seed, job.fold)
    seed = derive(bench.recipe.seed, job.seed, job.fold)
    train, inner = split_rows(bench, job, section, seed)
    seed_torch(seed, "model")
    model = _start(bench, job, section, train)
    facts: dict[str, Any] = {"fit_key": fit_key, "train_photos": len(train)}
    if len(inner):
        facts["inner_photos"] = len(inner)
    history: History = []
    repaired: list[pd.DataFrame] = []
    writes = bench.harness.rank == 0
    minutes = bench.recipe.training.checkpoint_minutes
    state_file = StateFile(folder / "state.pt", minutes, fit_key, writes=writes)
    saved = state_file.load()
    corrected = teaching = bench.teaching(train)
    first_epoch = 0
    members: list[dict[str, torch.Tensor]] = []
    for number, stage in enumerate(section.stages):
        if stage.kind == "repair":
            with first_alone(bench):  # the others then find the features computed
                teaching, found = repair(bench, job, stage, number, train, teaching, seed)
            repaired.append(found)
            continue
        if stage.kind == "linear":
            if writes:  # the other processes get the head with the first gradient step
                facts["linear"] = _set_head(bench, section, stage, model, train, teaching, seed)
            continue
        if saved is None or number >= saved["stage"]:
            if stage.new_head:
                seed_torch(seed, "head", number)
                new_head(model)
            members = train_stage(
                model,
                stage,
                train_data(bench, train, teaching),
                image_size=section.image_size,
                seed=seed,
                number=number,
                first_epoch=first_epoch,
                harness=bench.harness,
                state_file=state_file,
                history=history,
                workers=workers(bench),
                watch=_watcher(bench, job, section, stage, inner),
                progress=bench.progress,
            )
        first_epoch += stage.epochs
    if writes:
        save_checkpoint(model, section, folder)
        save_members(members, model, folder)
        if history:
            _save(pd.DataFrame(history), folder / "history.parquet")
        if repaired:
            changed = pd.concat(repaired, ignore_index=True)
            facts["repaired"] = int(teaching.differs(corrected).sum())
            _save(changed, folder / "labels.parquet")
    return facts


def _save(table: pd.DataFrame, path: Path) -> None:
    write_atomic(path, lambda file: table.to_parquet(file, index=False))


@contextlib.contextmanager
def first_alone(bench: Bench) -> Iterator[None]:
    """Of several processes the first one does it, then the others."""
    if bench.harness.rank:
        bench.harness.wait()
    yield
    if not bench.harness.rank:
        bench.harness.wait()


def split_rows(bench: Bench, job: Job, section: ModelSection, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows that a job learns from, and rows that epochs are chosen on (none, unless a stage wants them).

    No stage of the model learns from the inner rows, or they would judge a model that knows them.
    """
    train = bench.training(job.fold)
    shares = [
        stage.select.share
        for stage in section.stages
        if stage.kind == "train" and stage.select is not None and stage.select.on == "inner"
    ]
    if not shares:
        return train, train[:0]
    groups = None if bench.groups is None else bench.groups[train]
    parts = inner_split(bench.dataset.targets[train], groups, max(2, round(1 / max(shares))), seed)
    return train[parts != 0], train[parts == 0]


def workers(bench: Bench) -> int:
    """Processes that make batches, as the recipe says or as the device needs."""
    if bench.recipe.training.workers is not None:
        return bench.recipe.training.workers
    return 0 if bench.harness.device.type == "cpu" else min(8, (os.cpu_count() or 2) // 2)


def _start(bench: Bench, job: Job, section: ModelSection, train: np.ndarray) -> PhotoModel:
    """The model before its first stage: pretrained, or as another job left it."""
    classes = len(bench.dataset.classes)
    if section.starts_from is None:
        statistics = channel_statistics(bench.cache, train) if section.normalise == "dataset" else None
        return build_model(
            section,
            classes,
            dropout=section.dropout,
            drop_path=section.drop_path,
            statistics=statistics,
        )
    other = bench.recipe.models[section.starts_from]
    folder = bench.run.job(section.starts_from, job.seed, job.fold)
    known = load_checkpoint(other, classes, folder).state_dict()
    model = build_model(
        section, classes, dropout=section.dropout, drop_path=section.drop_path, pretrained=False
    )
    if section.head != other.head:
        own = {name: tensor for name, tensor in model.state_dict().items() if name.startswith("head.")}
        known = {name: tensor for name, tensor in known.items() if not name.startswith("head.")} | own
    model.load_state_dict(known)
    return model


def _watcher(
    bench: Bench, job: Job, section: ModelSection, stage: TrainStage, inner: np.ndarray
) -> Callable[[PhotoModel], dict[str, float]]:
    """What looks at the model after each epoch: loss and accuracy on the held-out fold for the learning
    curve, and the score that epochs are chosen by.
    """
    held = bench.held(job.fold)
    held = held[bench.dataset.usable[held]]
    targets, select = bench.dataset.targets, stage.select
    if not bench.recipe.training.watch and (select is None or select.on == "inner"):
        held = held[:0]

    def look(model: PhotoModel, rows: np.ndarray) -> np.ndarray:
        return score_plainly(model, section, bench.cache, rows, bench.recipe.images.fit, bench.harness.device)

    def watch(model: PhotoModel) -> dict[str, float]:
        if bench.harness.rank:
            return {}
        facts: dict[str, float] = {}
        rows, scores = held, look(model, held)
        if len(held):
            facts["valid_loss"] = METRICS["log_loss"](targets[held], scores)
            facts["valid_accuracy"] = METRICS["accuracy"](targets[held], scores)
        if select is not None:
            if select.on == "inner":
                rows, scores = inner, look(model, inner)
            value = METRICS[select.metric](targets[rows], scores)
            facts["score"] = -value if select.metric in LOWER_IS_BETTER else value
        return facts

    return watch


def fit_head(
    bench: Bench,
    section: ModelSection,
    stage: LinearStage,
    train: np.ndarray,
    teaching: Teaching,
    seed: int,
) -> LinearHead:
    """The linear solution on features of the stage's fixed views.

    Args:
        bench: of the run.
        section: of the model.
        stage: what the recipe says.
        train: the rows to learn from (N,).
        teaching: what those N photos teach.
        seed: the job's seed.
    """
    dataset = bench.dataset
    places = np.searchsorted(bench.features.rows, train)
    views = np.stack([bench.features.view(section, view)[places] for view in expand_views(stage.views)])
    groups = None if bench.groups is None else bench.groups[train]
    inner = inner_split(dataset.targets[train], groups, stage.inner_folds, seed)
    weights = dataset.frame["weight"].to_numpy(dtype=np.float64)[train]
    given = views, dataset.targets[train], len(dataset.classes), stage.penalties, inner, weights
    return fit_linear(*given, corrected=bench.teaching(train), teaching=teaching)


def _set_head(
    bench: Bench,
    section: ModelSection,
    stage: LinearStage,
    model: PhotoModel,
    train: np.ndarray,
    teaching: Teaching,
    seed: int,
) -> dict[str, Any]:
    """The head of ``model`` takes the linear solution; what is to be said of it."""
    head = fit_head(bench, section, stage, train, teaching, seed)
    model.head.set_linear(torch.from_numpy(head.weight), torch.from_numpy(head.bias))
    return {"penalty": head.penalty, "inner_log_loss": {str(key): value for key, value in head.path.items()}}
