"""Scores of one model: from stored features where only the head was fitted, through an engine where all was trained."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from thresher.images.cache import PhotoCache
from thresher.inference.engine import Engines
from thresher.inference.scoring import score_views, softmax
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
    """Probabilities (N, K) of readable rows (N,), averaged over the model's views, from features of its backbone."""
    places = np.searchsorted(features.rows, rows)
    weight, bias = model.head.weight.detach().cpu().numpy(), model.head.bias.detach().cpu().numpy()
    views = [softmax(features.view(section, view)[places] @ weight.T + bias) for view in section.views]
    return np.mean(views, axis=0)  # type: ignore[no-any-return]


def score_trained(
    model: PhotoModel,
    section: ModelSection,
    cache: PhotoCache,
    rows: np.ndarray,
    how: str,
    device: torch.device,
    scratch: Path,
    progress: Progress = SILENT,
) -> np.ndarray:
    """Probabilities (N, K) of readable rows (N,), averaged over the model's views, by the engine that was chosen.

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
    settings = {"engine": section.engine, "precision": section.precision, "batch_size": section.score_batch}
    engines = Engines(model.eval(), **settings, device=device, scratch=scratch)
    views = [build("views", view) for view in section.views]
    try:
        return score_views(engines, cache, rows, views, section.image_size, how, progress)  # type: ignore[arg-type]
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def score_plainly(
    model: PhotoModel,
    section: ModelSection,
    cache: PhotoCache,
    rows: np.ndarray,
    how: Any,
    device: torch.device,
) -> np.ndarray:
    """Probabilities (N, K) in one plain view by torch itself: quick to start, for a look between epochs."""
    settings = {"engine": "torch", "precision": section.precision, "batch_size": section.score_batch}
    engines = Engines(model.eval(), **settings, device=device, scratch=Path())
    plain: Sequence[Any] = [build("views", {"name": "plain"})]
    return score_views(engines, cache, rows, plain, section.image_size, how)
