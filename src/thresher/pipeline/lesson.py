"""What a job's training photos teach, as the loop wants it: columns of the whole data set."""

import numpy as np

from thresher.dataset.teaching import Teaching
from thresher.pipeline.bench import Bench
from thresher.training.loop import TrainData


def train_data(bench: Bench, train: np.ndarray, teaching: Teaching) -> TrainData:
    """The photos of a gradient stage.

    Args:
        bench: of the run.
        train: the rows that the job learns from (N,).
        teaching: what those N photos teach; dropped ones are left out.
    """
    dataset = bench.dataset
    taught, (weights, sources) = teaching.targets, columns(bench)
    targets = np.array(dataset.targets)
    if taught.ndim == 2:
        targets = np.zeros((len(dataset), len(dataset.classes)), dtype=np.float32)
    targets[train] = taught
    if (teaching.weights != 1).any():
        weights = np.ones(len(dataset)) if weights is None else weights.copy()
        weights[train] *= teaching.weights
    return TrainData(bench.cache, train[teaching.kept], targets, dataset.classes, weights, sources)


def columns(bench: Bench) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Weight and source of every row, None where the table says nothing."""
    weights = bench.dataset.frame["weight"].to_numpy(dtype=np.float64)
    sources = bench.dataset.frame["source"]
    return (
        weights if (weights != 1).any() else None,
        sources.to_numpy(dtype=object) if sources.notna().any() else None,
    )
