"""A job: one model, one seed, one fold. A pure function of its key; whatever is done is not done again."""

import os
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch

from thresher.files import read_json, write_atomic, write_json
from thresher.models.build import build_model
from thresher.models.linear import fit_linear, inner_split
from thresher.models.photo_model import PhotoModel
from thresher.pipeline.bench import Bench, Job, Left, job_keys
from thresher.pipeline.checkpoint import load_checkpoint, save_checkpoint
from thresher.pipeline.score import is_linear, score_linear, score_plainly, score_trained
from thresher.predictions import Predictions
from thresher.recipe.schema import LinearStage, ModelSection
from thresher.seeds import derive, seed_torch
from thresher.training.loop import History, TrainData, train_stage
from thresher.training.state import StateFile


def run_job(bench: Bench, job: Job, todo: Left) -> None:
    """Does what is left of a job.

    Its folder then holds checkpoint.safetensors, history.parquet (of train stages), oof.parquet, test.parquet
    and, written last, job.json.
    """
    if todo == "nothing":
        return
    section = bench.recipe.models[job.model]
    folder = bench.run.job(job.model, job.seed, job.fold)
    fit_key, key = job_keys(bench, job)
    writes = bench.harness.rank == 0
    if todo == "score":
        model = load_checkpoint(section, len(bench.dataset.classes), folder)
        facts = read_json(folder / "job.json")
    else:
        if writes:  # from here on the files of an earlier recipe say nothing
            for name in ("job.json", "history.parquet"):
                (folder / name).unlink(missing_ok=True)
        model, facts = _fit(bench, job, section, fit_key)
    if writes:
        # No key while scores are written: old and new ones must not pass for one set.
        write_json(folder / "job.json", {**facts, "key": None})
        _score(bench, job, section, model)
        write_json(folder / "job.json", {**facts, "key": key})
        StateFile(folder / "state.pt", 0, fit_key).discard()
    bench.harness.wait()


def _fit(bench: Bench, job: Job, section: ModelSection, fit_key: str) -> tuple[PhotoModel, dict[str, Any]]:
    """All stages in turn; the checkpoint holds the result."""
    folder = bench.run.job(job.model, job.seed, job.fold)
    dataset, train = bench.dataset, bench.training(job.fold)
    seed = derive(bench.recipe.seed, job.seed, job.fold)
    weights = dataset.frame["weight"].to_numpy(dtype=np.float64)
    seed_torch(seed, "model")
    model = build_model(section, len(dataset.classes), dropout=section.dropout, drop_path=section.drop_path)
    facts: dict[str, Any] = {"fit_key": fit_key, "train_photos": len(train)}
    history: History = []
    writes = bench.harness.rank == 0
    minutes = bench.recipe.training.checkpoint_minutes
    state_file = StateFile(folder / "state.pt", minutes, fit_key, writes=writes)
    saved = state_file.load()
    for number, stage in enumerate(section.stages):
        if stage.kind == "linear":
            if writes:  # the other processes get the head with the first gradient step
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
                watch=lambda current: _watch(bench, job, section, current),
                progress=bench.progress,
            )
    if writes:
        save_checkpoint(model, section, folder)
        if history:
            table = pd.DataFrame(history)
            write_atomic(folder / "history.parquet", lambda file: table.to_parquet(file, index=False))
    return model, facts


def _watch(bench: Bench, job: Job, section: ModelSection, model: PhotoModel) -> dict[str, float]:
    """Loss and accuracy on the held-out fold in one plain view, for the learning curve alone."""
    held = bench.held(job.fold)
    held = held[bench.dataset.usable[held]]
    if bench.harness.rank or not len(held):
        return {}
    scores = score_plainly(model, section, bench.cache, held, bench.recipe.images.fit, bench.harness.device)
    targets = bench.dataset.targets[held]
    right = scores[np.arange(len(held)), targets]
    accuracy = float((scores.argmax(1) == targets).mean())
    return {"valid_loss": float(-np.log(np.maximum(right, 1e-12)).mean()), "valid_accuracy": accuracy}


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
    dataset, folder = bench.dataset, bench.run.job(job.model, job.seed, job.fold)
    held, others = bench.held(job.fold), bench.others
    rows = np.concatenate([held, others])
    scores = np.tile(dataset.prior(bench.training(job.fold)), (len(rows), 1))
    readable = dataset.usable[rows]
    if is_linear(section):
        scores[readable] = score_linear(model, section, bench.features, rows[readable])
    else:
        bench.progress.start("scoring", int(readable.sum()))
        scores[readable] = score_trained(
            model,
            section,
            bench.cache,
            rows[readable],
            bench.recipe.images.fit,
            bench.harness.device,
            folder / "graphs",
            bench.progress,
        )
        bench.progress.finish()
    labels = dataset.frame["label"].to_numpy(dtype=object)
    origin = {"recipe": bench.recipe.name, "model": job.model, "seed": job.seed, "views": list(section.views)}
    origin["data"] = bench.fingerprint
    parts: tuple[tuple[Literal["oof", "test"], np.ndarray, np.ndarray, int], ...] = (
        ("oof", held, scores[: len(held)], job.fold),
        ("test", others, scores[len(held) :], -1),
    )
    for kind, part, given, fold in parts:
        folds = np.full(len(part), fold)
        scored = Predictions(dataset.ids[part], given, dataset.classes, kind, labels[part], folds, origin)
        scored.save(folder / f"{kind}.parquet")


def workers(bench: Bench) -> int:
    """Processes that make batches, as the recipe says or as the device needs."""
    if bench.recipe.training.workers is not None:
        return bench.recipe.training.workers
    return 0 if bench.harness.device.type == "cpu" else min(8, (os.cpu_count() or 2) // 2)
