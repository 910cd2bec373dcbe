"""Scores of one model: from stored features where only the head was fitted, else through an engine."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from thresher.images.cache import PhotoCache
from thresher.inference.combine import combine
from thresher.inference.engine import Engines
from thresher.inference.scoring import score_views
from thresher.inference.views.base import Fit
from thresher.inference.views.expand import expand_views
from thresher.models.photo_model import PhotoModel
from thresher.models.unknown import drop_unknown
from thresher.pipeline.features import Features
from thresher.progress import SILENT, Progress
from thresher.recipe.schema import ModelSection


def is_linear(section: ModelSection) -> bool:
    """Whether the backbone stays as it was loaded: from its weights, not from another model."""
    return bool(section.stages) and all(stage.kind != "train" for stage in section.stages)


def score_linear(
    model: PhotoModel, section: ModelSection, features: Features, rows: np.ndarray
) -> np.ndarray:
    """Probabilities (N, K) of readable rows (N,), over the model's views, from stored features."""
    state = model.head.state_dict()  # a head that takes a linear solution has a weight and a bias
    weight, bias = (state[name].cpu().numpy() for name in ("weight", "bias"))
    return score_head(weight, bias, section, features, rows)


def score_head(
    weight: np.ndarray, bias: np.ndarray, section: ModelSection, features: Features, rows: np.ndarray
) -> np.ndarray:
    """The same (N, K) by the weight (K, D) and the bias (K,) of a linear head."""
    places = np.searchsorted(features.rows, rows)
    views = expand_views(section.views)
    logits = (features.view(section, view)[places] @ weight.T + bias for view in views)
    return combine(logits, [view.weight for view in views], section.combine)


def score_trained(
    models: Sequence[PhotoModel],
    section: ModelSection,
    cache: PhotoCache,
    rows: np.ndarray,
    how: Fit,
    device: torch.device,
    scratch: Path,
    progress: Progress = SILENT,
) -> np.ndarray:
    """Probabilities (N, K) of readable rows (N,), over the model's views, by the chosen engine.

    Args:
        models: in eval mode: one, or snapshots, whose probabilities are averaged.
        section: views, image size, engine, precision.
        cache: photos by row.
        rows: which.
        how: how a photo becomes square.
        device: where torch runs.
        scratch: folder for exported graphs; removed afterwards.
        progress: told of every photo.
    """
    views = expand_views(section.views)
    found = []
    for model in models:
        engines = _engines(model, section, section.engine, device, scratch)
        given = (cache, rows, views, section.image_size, how, progress, section.combine)
        try:
            found.append(score_views(engines, *given))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    scores: np.ndarray = np.mean(found, axis=0)
    return drop_unknown(scores) if section.unknown else scores


def score_plainly(
    model: PhotoModel,
    section: ModelSection,
    cache: PhotoCache,
    rows: np.ndarray,
    how: Fit,
    device: torch.device,
) -> np.ndarray:
    """Probabilities (N, K) in one plain view by torch itself: quick to start, for a look between epochs."""
    engines = _engines(model, section, "torch", device, Path())
    scores = score_views(engines, cache, rows, expand_views([{"name": "plain"}]), section.image_size, how)
    return drop_unknown(scores) if section.unknown else scores


def _engines(
    model: PhotoModel, section: ModelSection, engine: str, device: torch.device, scratch: Path
) -> Engines:
    settings = {"engine": engine, "precision": section.precision, "batch_size": section.score_batch}
    return Engines(model.eval(), **settings, device=device, scratch=scratch)
