"""Features of a frozen network: computed once per view, kept on disk, continued after a kill."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from thresher.errors import ThresherError
from thresher.files import write_atomic
from thresher.inference.batches import Photos, batches, cut
from thresher.inference.engine import EngineSource, engine_for
from thresher.inference.views.base import Fit, View
from thresher.progress import SILENT, Progress

CHUNK = 256
"""Photos per file while the work goes on: what a kill can cost."""


def compute_features(
    engine: EngineSource,
    cache: Photos,
    rows: Sequence[int] | np.ndarray,
    view: View,
    image_size: int,
    how: Fit,
    folder: Path,
    key: str,
    progress: Progress = SILENT,
) -> np.ndarray:
    """Features of photos in one view, read from ``folder`` as far as they are there.

    Args:
        engine: runs the network; or a function that opens it for a size, called only if something is missing.
        cache: photos by row.
        rows: N rows, none of them broken.
        view: how each photo is shown.
        image_size: the model's image size in pixels; the view may scale it.
        how: how a photo becomes square, ``squish`` or ``crop``.
        folder: where features are kept.
        key: names network, engine, view, image size, ``how`` and the photos; equal keys mean equal features.
        progress: told of every photo.

    Returns:
        float32 (N, D).

    Raises:
        ThresherError: the network gave features that are not finite.
    """
    whole, parts = folder / f"{key}.npy", folder / key
    ready = _read(whole, len(rows))
    if ready is not None:
        progress.advance(len(rows))
        return ready
    # A file covers fixed rows, so a continued run batches photos as an uninterrupted one does.
    spans = cut(np.asarray(rows), CHUNK)
    files = [parts / f"{number:06d}.npy" for number in range(len(spans))]
    done = [_read(file, len(span)) for file, span in zip(files, spans, strict=True)]
    progress.advance(sum(len(part) for part in done if part is not None))
    if not spans or any(part is None for part in done):
        runner = engine_for(engine, view.size(image_size))
        todo = [number for number, part in enumerate(done) if part is None]
        pieces = {number: cut(spans[number], runner.batch_size) for number in todo}
        flow = batches(cache, [piece for number in todo for piece in pieces[number]], [view], image_size, how)
        for number in todo:
            outputs = []
            for piece in pieces[number]:
                outputs.append(runner(next(flow)[0]))
                progress.advance(len(piece))
            done[number] = _write(files[number], np.concatenate(outputs))
        if not spans:  # the width of no photos is known to the network only
            done = [runner(np.zeros((0, runner.size, runner.size, 3), np.uint8))]
    features = _write(whole, np.concatenate([part for part in done if part is not None]))
    shutil.rmtree(parts, ignore_errors=True)
    return features


def _write(path: Path, features: np.ndarray) -> np.ndarray:
    """Saves features (N, D) under their final name, whole."""
    if not np.isfinite(features).all():
        raise ThresherError(
            f"{path.name}: the network gave features that are not finite: try --set models.*.precision=fp32"
        )
    write_atomic(path, lambda file: np.save(file, features))
    return features


def _read(path: Path, count: int) -> np.ndarray | None:
    """Saved features (count, D), or None where there are none that fit."""
    try:
        features: np.ndarray = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return (
        features if features.ndim == 2 and len(features) == count and features.dtype == np.float32 else None
    )
