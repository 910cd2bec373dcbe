"""Features of frozen backbones: one array per model and view for the whole data set, shared by all folds."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from thresher.files import digest
from thresher.images.cache import PhotoCache
from thresher.inference.engine import Engines
from thresher.inference.features import compute_features
from thresher.inference.views.base import Fit, View
from thresher.models.build import build_embedder
from thresher.models.weights import find_weights
from thresher.progress import SILENT, Progress
from thresher.recipe.schema import ModelSection


class Features:
    """Power-normalised features by model and view, computed when first asked for and kept in ``folder``.

    Args:
        cache: photos by row.
        rows: the readable rows (R,); features come in this order.
        folder: where they are kept; also holds exported graphs.
        how: how a photo becomes square.
        device: where torch runs.
        progress: told of every photo.
    """

    def __init__(
        self,
        cache: PhotoCache,
        rows: np.ndarray,
        folder: Path,
        how: Fit,
        device: torch.device,
        progress: Progress = SILENT,
    ) -> None:
        self.cache, self.rows, self.folder, self.how = cache, rows, folder, how
        self.device, self.progress = device, progress
        self._pixels = digest([[cache.content[row] for row in rows], cache.side])
        self._weights: dict[tuple[str, str], str] = {}
        self._engines: dict[str, Engines] = {}
        self._known: dict[str, np.ndarray] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Without engines and arrays, which another process opens from the folder."""
        return {**self.__dict__, "_engines": {}, "_known": {}, "progress": SILENT}

    def view(self, section: ModelSection, view: View) -> np.ndarray:
        """Features (R, D), float32, of all readable photos in one view of one model."""
        key = self.key(section, view)
        if key not in self._known:
            size = view.size(section.image_size)
            self.progress.start(f"features {section.backbone}@{size} {view.label}", len(self.rows))
            self._known[key] = compute_features(
                lambda size: self.engines(section)(size),  # no network is built for what is stored
                self.cache,
                self.rows,
                view,
                section.image_size,
                self.how,
                self.folder,
                key,
                self.progress,
            )
            self.progress.finish()
        return self._known[key]

    def key(self, section: ModelSection, view: View) -> str:
        """Names the features of one view of one model: equal keys, equal numbers."""
        return digest([self._network(section), view.key, section.image_size, self.how, self._pixels])

    def stored(self, key: str) -> bool:
        """Whether the features of a key are there already."""
        return key in self._known or (self.folder / f"{key}.npy").is_file()

    def engines(self, section: ModelSection) -> Engines:
        """Engines of a frozen backbone for every size of view, opened when first used."""
        network = self._network(section)
        if network not in self._engines:
            self._engines[network] = Engines(
                build_embedder(section),
                engine=section.engine,
                precision=section.precision,
                batch_size=section.score_batch,
                device=self.device,
                scratch=self.folder / "graphs",
            )
        return self._engines[network]

    def weights_digest(self, section: ModelSection) -> str:
        """Hash of the pretrained weights that a model starts from; read once."""
        name = section.backbone, section.weights
        if name not in self._weights:
            self._weights[name] = find_weights(*name).digest
        return self._weights[name]

    def _network(self, section: ModelSection) -> str:
        """Names the numbers that a backbone gives: its weights and what runs it."""
        weights = self.weights_digest(section)
        network = [section.backbone, weights, section.pooling, section.tiles, section.power]
        return digest([*network, section.engine, section.precision, section.score_batch])
