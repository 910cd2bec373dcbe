"""Scores of one model: from stored features where only the head was fitted, else through an engine."""

import shutil
from pathlib import Path

import numpy as np
import torch

from thresher.images.cache import PhotoCache
from thresher.inference.engine import Engines
from thresher.inference.scoring import score_views, softmax
from thresher.inference.views.base import Fit
from thresher.models.photo_model import PhotoModel
from thresher.pipeline.features import Features
from thresher.progress import SILENT, Progress
from thresher.recipe.schema import ModelSection, build


def is_linear(section: ModelSection) -> bool:
    """Whether the backbone stays as it was loaded."""
    return all(stage.kind == "linear" for stage in section.stages)


def score_linear(
    model: PhotoModel, section: ModelSection, features: Features, rows: np.ndarray
) -> np.ndarray:
    """Probabilities (N, K) of readable rows (N,), averaged over the model's views, from stored features."""
    places = np.searchsorted(features.rows, rows)
    weight, bias = model.head.weight.detach().cpu().numpy(), model.head.bias.detach().cpu().numpy()
    views = [softmax(features.view(section, view)[places] @ weight.T + bias) for view in section.views]
    mean: np.ndarray = np.mean(views, axis=0)
    return mean


def score_trained(
    model: PhotoModel,
    section: ModelSection,
    cache: PhotoCache,
    rows: np.ndarray,
    how: Fit,
    device: torch.device,
    scratch: Path,
    progress: Progress = SILENT,
) -> np.ndarray:
    """Probabilities (N, K) of readable rows (N,), averaged over the model's views, by the chosen engine.

    Args:
        model: in eval mode.
        section: views, image size, engine, precision.
        cache: photos by row.
        rows: which.
        how: how a photo becomes square.
        device: where torch runs.
        scratch: folder for exported graphs; removed afterwards.
        progress: told of every photo.
    """
    engines = _engines(model, section, section.engine, device, scratch)
    views = [build("views", view) for view in section.views]
    try:
        return score_views(engines, cache, rows, views, section.image_size, how, progress)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


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
    plain = build("views", {"name": "plain"})
    return score_views(engines, cache, rows, [plain], section.image_size, how)


def _engines(
    model: PhotoModel, section: ModelSection, engine: str, device: torch.device, scratch: Path
) -> Engines:
    settings = {"engine": engine, "precision": section.precision, "batch_size": section.score_batch}
    return Engines(model.eval(), **settings, device=device, scratch=scratch)
