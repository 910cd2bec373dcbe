"""Probabilities of photos, averaged over views."""

from collections.abc import Sequence

import numpy as np

from thresher.inference.batches import Photos, batches, cut
from thresher.inference.engine import EngineSource, engine_for
from thresher.inference.views.base import Fit, View
from thresher.progress import SILENT, Progress


def score_views(
    engine: EngineSource,
    cache: Photos,
    rows: Sequence[int] | np.ndarray,
    views: Sequence[View],
    image_size: int,
    how: Fit,
    progress: Progress = SILENT,
) -> np.ndarray:
    """The mean over views of a classifier's probabilities.

    Args:
        engine: runs a network that gives logits; or a function that opens it for a size, which views of
            different sizes need.
        cache: photos by row.
        rows: N rows, none of them broken.
        views: at least one.
        image_size: the model's image size in pixels; a view may scale it.
        how: how a photo becomes square, ``squish`` or ``crop``.
        progress: told of every photo, whatever the number of views.

    Returns:
        float64 (N, K), rows sum to 1.
    """
    runners = [engine_for(engine, view.size(image_size)) for view in views]
    pieces = cut(np.asarray(rows), runners[0].batch_size)
    scores = []
    for shown in batches(cache, pieces, views, image_size, how):
        per_view = [softmax(runner(photos)) for runner, photos in zip(runners, shown, strict=True)]
        scores.append(np.mean(per_view, axis=0))
        progress.advance(len(scores[-1]))
    if not scores:  # the number of classes is known to the network only
        return softmax(runners[0](np.zeros((0, runners[0].size, runners[0].size, 3), np.uint8)))
    return np.concatenate(scores)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Logits (N, K) -> probabilities float64 (N, K); safe for large logits."""
    logits = logits.astype(np.float64)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    shares: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return shares
