"""A job: one model, one seed, one fold. A pure function of its key; whatever is done is not done again."""

from typing import Literal

import numpy as np

from thresher.files import read_json, write_json
from thresher.models.photo_model import PhotoModel
from thresher.pipeline.bench import Bench, Job, Left, job_keys
from thresher.pipeline.checkpoint import load_models
from thresher.pipeline.score import is_linear, score_linear, score_trained
from thresher.pipeline.teach import fit_job
from thresher.predictions import Predictions
from thresher.recipe.schema import ModelSection
from thresher.training.state import StateFile


def run_job(bench: Bench, job: Job, todo: Left) -> None:
    """Does what is left of a job.

    Its folder then holds checkpoint.safetensors, history.parquet (of train stages), labels.parquet (of repair
    stages), oof.parquet, test.parquet and, written last, job.json.
    """
    if todo == "nothing":
        return
    section = bench.recipe.models[job.model]
    folder = bench.run.job(job.model, job.seed, job.fold)
    fit_key, key = job_keys(bench, job)
    writes = bench.harness.rank == 0
    if todo == "score":
        facts = read_json(folder / "job.json")
    else:
        if writes:  # from here on the files of an earlier recipe say nothing
            for name in ("job.json", "history.parquet", "labels.parquet"):
                (folder / name).unlink(missing_ok=True)
        facts = fit_job(bench, job, section, fit_key)
    if writes:
        # No key while scores are written: old and new ones must not pass for one set.
        write_json(folder / "job.json", {**facts, "key": None})
        _score(bench, job, section, load_models(section, len(bench.dataset.classes), folder))
        write_json(folder / "job.json", {**facts, "key": key})
        StateFile(folder / "state.pt", 0, fit_key).discard()
    bench.harness.wait()


def _score(bench: Bench, job: Job, section: ModelSection, models: list[PhotoModel]) -> None:
    """Scores of the held-out fold, and of the test photos and the unlabelled ones."""
    dataset, folder = bench.dataset, bench.run.job(job.model, job.seed, job.fold)
    held, others = bench.held(job.fold), bench.asked(job)
    rows = np.concatenate([held, others])
    scores = np.tile(dataset.prior(bench.training(job.fold)), (len(rows), 1))
    readable = dataset.usable[rows]
    if is_linear(section):
        scores[readable] = score_linear(models[0], section, bench.features, rows[readable])
    else:
        bench.progress.start("scoring", int(readable.sum()))
        scores[readable] = score_trained(
            models,
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
