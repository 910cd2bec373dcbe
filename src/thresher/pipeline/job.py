"""A job: one model, one seed, one fold. A pure function of its key; whatever is done already is not done again."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file, save

from thresher.dataset.table import Dataset
from thresher.files import digest, read_json, write_atomic, write_bytes, write_json
from thresher.images.cache import PhotoCache
from thresher.models.build import build_model
from thresher.models.linear import fit_linear, inner_split
from thresher.models.photo_model import PhotoModel
from thresher.models.weights import find_weights
from thresher.pipeline.features import Features
from thresher.pipeline.score import is_linear, score_linear, score_plainly, score_trained
from thresher.predictions import Predictions
from thresher.progress import Progress
from thresher.recipe.schema import LinearStage, ModelSection, Recipe
from thresher.run_folder import RunFolder
from thresher.seeds import derive, seed_torch
from thresher.training.harness import Harness
from thresher.training.loop import History, TrainData, train_stage
from thresher.training.state import StateFile

FORMAT = 1
"""Raised when the same recipe would give other weights than before."""


@dataclass(frozen=True)
class Bench:
    """All that the jobs of a run share."""

    run: RunFolder
    recipe: Recipe
    dataset: Dataset
    cache: PhotoCache
    folds: np.ndarray
    groups: np.ndarray | None
    fingerprint: str
    features: Features
    harness: Harness
    progress: Progress


@dataclass(frozen=True)
class Job:
    """Which model, which seed, which fold."""

    model: str
    seed: int
    fold: int


def run_job(bench: Bench, job: Job) -> None:
    """Trains and scores one job; leaves checkpoint, history, oof.parquet, test.parquet and, last, job.json."""
    section = bench.recipe.models[job.model]
    folder = bench.run.job(job.model, job.seed, job.fold)
    fit_key, key = job_keys(bench, job)
    done = read_json(folder / "job.json") if (folder / "job.json").is_file() else {}
    if done.get("key") == key:
        return
    facts: dict[str, Any] = {"fit_key": fit_key}
    if done.get("fit_key") == fit_key:
        model, facts = load_checkpoint(section, len(bench.dataset.classes), folder), done
    else:
        model, facts = _fit(bench, job, section, fit_key)
    if bench.harness.rank == 0:
        _score(bench, job, section, model)
        write_json(folder / "job.json", {**facts, "key": key})
        StateFile(folder / "state.pt", 0, fit_key).discard()
    bench.harness.wait()


def finished(bench: Bench, job: Job) -> bool:
    """Whether a job's weights and scores are there and belong to this recipe and these photos."""
    path = bench.run.job(job.model, job.seed, job.fold) / "job.json"
    return path.is_file() and bool(read_json(path).get("key") == job_keys(bench, job)[1])


def job_keys(bench: Bench, job: Job) -> tuple[str, str]:
    """What the weights depend on, and what the scores depend on."""
    section = bench.recipe.models[job.model]
    plain = section.model_dump(exclude={"views", "seeds", "weights"})
    weights = find_weights(section.backbone, section.weights).digest
    data = [bench.fingerprint, bench.cache.side, bench.recipe.images.fit, digest(bench.folds)]
    fit_key = digest([FORMAT, plain, weights, data, bench.recipe.seed, job.seed, job.fold])
    return fit_key, digest([fit_key, section.model_dump(include={"views"})])


def _fit(bench: Bench, job: Job, section: ModelSection, fit_key: str) -> tuple[PhotoModel, dict[str, Any]]:
    """All stages in turn; the checkpoint holds the result."""
    folder = bench.run.job(job.model, job.seed, job.fold)
    dataset = bench.dataset
    seed = derive(bench.recipe.seed, job.seed, job.fold)
    train = np.flatnonzero(dataset.labelled & dataset.usable & (bench.folds != job.fold))
    held = np.flatnonzero(dataset.labelled & dataset.usable & (bench.folds == job.fold))
    weights = dataset.frame["weight"].to_numpy(dtype=np.float64)
    seed_torch(seed, "model")
    rates = {"dropout": section.dropout, "drop_path": section.drop_path} if not is_linear(section) else {}
    model = build_model(section, len(dataset.classes), **rates)
    facts: dict[str, Any] = {"fit_key": fit_key, "train_photos": len(train)}
    history: History = []

    def watch(current: PhotoModel) -> dict[str, float]:
        """Loss and accuracy on the held-out fold, one plain view: for the learning curve, nothing is chosen by it."""
        if bench.harness.rank:
            return {}
        scores = score_plainly(
            current, section, bench.cache, held, bench.recipe.images.fit, bench.harness.device
        )
        right = scores[np.arange(len(held)), dataset.targets[held]]
        accuracy = float((scores.argmax(1) == dataset.targets[held]).mean())
        return {"valid_loss": float(-np.log(np.maximum(right, 1e-12)).mean()), "valid_accuracy": accuracy}

    minutes = bench.recipe.training.checkpoint_minutes
    state_file = StateFile(folder / "state.pt", minutes, fit_key, writes=bench.harness.rank == 0)
    saved = state_file.load()
    for number, stage in enumerate(section.stages):
        if stage.kind == "linear":
            facts["linear"] = _fit_head(bench, section, stage, model, train, seed)
        elif saved is None or number >= saved["stage"]:
            train_stage(
                model,
                stage,
                TrainData(bench.cache, train, dataset.targets, weights if (weights != 1).any() else None),
                image_size=section.image_size,
                seed=seed,
                number=number,
                harness=bench.harness,
                state_file=state_file,
                history=history,
                workers=workers(bench),
                watch=watch,
                progress=bench.progress,
            )
    if bench.harness.rank == 0:
        _save(model, section, folder)
        if history:
            table = pd.DataFrame(history)
            write_atomic(folder / "history.parquet", lambda file: table.to_parquet(file, index=False))
        write_json(folder / "job.json", {**facts, "key": None})
    return model, facts


def _fit_head(
    bench: Bench, section: ModelSection, stage: LinearStage, model: PhotoModel, train: np.ndarray, seed: int
) -> dict[str, Any]:
    """The linear solution on features of fixed views; the head of ``model`` takes it."""
    dataset = bench.dataset
    places = np.searchsorted(bench.features.rows, train)
    views = np.stack([bench.features.view(section, view)[places] for view in stage.views])
    groups = None if bench.groups is None else bench.groups[train]
    inner = inner_split(dataset.targets[train], groups, stage.inner_folds, seed)
    weights = dataset.frame["weight"].to_numpy(dtype=np.float64)[train]
    head = fit_linear(views, dataset.targets[train], len(dataset.classes), stage.penalties, inner, weights)
    with torch.no_grad():
        model.head.weight.copy_(torch.from_numpy(head.weight))
        model.head.bias.copy_(torch.from_numpy(head.bias))
    return {"penalty": head.penalty, "inner_log_loss": {str(key): value for key, value in head.path.items()}}


def _score(bench: Bench, job: Job, section: ModelSection, model: PhotoModel) -> None:
    """Scores of the held-out fold, and of the test photos and the unlabelled ones."""
    dataset, folds = bench.dataset, bench.folds
    held = np.flatnonzero(dataset.labelled & (folds == job.fold))
    others = np.flatnonzero(~dataset.labelled)
    prior = dataset.prior(np.flatnonzero(dataset.labelled & dataset.usable & (folds != job.fold)))
    origin = {"recipe": bench.recipe.name, "model": job.model, "seed": job.seed, "views": list(section.views)}
    origin["data"] = bench.fingerprint
    rows = np.concatenate([held, others])
    scores = np.tile(prior, (len(rows), 1))
    readable = dataset.usable[rows]
    if is_linear(section):
        scores[readable] = score_linear(model, section, bench.features, rows[readable])
    else:
        scratch = bench.run.job(job.model, job.seed, job.fold) / "graphs"
        bench.progress.start("scoring", int(readable.sum()))
        scores[readable] = score_trained(
            model,
            section,
            bench.cache,
            rows[readable],
            bench.recipe.images.fit,
            bench.harness.device,
            scratch,
            bench.progress,
        )
        bench.progress.finish()
    labels = dataset.frame["label"].to_numpy(dtype=object)
    for kind, part, span in (("oof", held, slice(0, len(held))), ("test", others, slice(len(held), None))):
        fold = np.full(len(part), job.fold if kind == "oof" else -1)
        scored = Predictions(
            dataset.ids[part], scores[span], dataset.classes, kind, labels[part], fold, origin
        )  # type: ignore[arg-type]
        scored.save(bench.run.job(job.model, job.seed, job.fold) / f"{kind}.parquet")


def _save(model: PhotoModel, section: ModelSection, folder: Path) -> None:
    """What cannot be had elsewhere: the whole model once it was trained, else the head alone."""
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    if is_linear(section):
        state = {name: tensor for name, tensor in state.items() if name.startswith("head.")}
    write_bytes(folder / "checkpoint.safetensors", save(state, {"backbone": section.backbone}))


def load_checkpoint(section: ModelSection, classes: int, folder: Path) -> tuple[PhotoModel, dict[str, Any]]:
    """A job's model, in eval mode, and what job.json says."""
    model = build_model(section, classes, pretrained=is_linear(section))
    model.load_state_dict(load_file(folder / "checkpoint.safetensors"), strict=not is_linear(section))
    return model.eval(), read_json(folder / "job.json")


def workers(bench: Bench) -> int:
    """Processes that make batches, as the recipe says or as the device needs."""
    if bench.recipe.training.workers is not None:
        return bench.recipe.training.workers
    return 0 if bench.harness.device.type == "cpu" else min(8, (os.cpu_count() or 2) // 2)
