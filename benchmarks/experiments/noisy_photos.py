"""Photos whose wrong labels are real mistakes of people (CIFAR-10N), and their features."""

import os
import sys
from pathlib import Path

import numpy as np

from thresher.files import digest
from thresher.seeds import generator

BACKBONE = "tf_efficientnet_lite0"


class Data:
    """CIFAR-10N: photos in memory, and labels by column."""

    def __init__(self, work: Path) -> None:
        import pandas as pd

        from thresher.images.cache import PhotoCache
        from thresher.recipe.schema import ImagesSection

        if "THRESHER_DATA" not in os.environ:
            sys.exit("THRESHER_DATA must name a folder that holds cifar10n/")
        self.root = root = Path(os.environ["THRESHER_DATA"]) / "cifar10n"
        self.frame = pd.read_csv(root / "labels.csv")
        self.classes = tuple(sorted(self.frame["clean"].unique()))
        paths = [str(root / "images" / name) for name in self.frame["image_id"]]
        self.cache = PhotoCache.open(paths, 32, ImagesSection(cache_dir=str(work / "photos")))

    def targets(self, labels: str) -> np.ndarray:
        """Class index of every photo (M,) by one column."""
        return np.searchsorted(self.classes, self.frame[labels].to_numpy(dtype=str)).astype(np.int64)

    def split(self, seed: int, train: int = 4000, scored: int = 2000) -> tuple[np.ndarray, np.ndarray]:
        """Rows to train on and rows to score, drawn anew for each seed; no label has a say in it."""
        order = generator(seed, "split").permutation(len(self.frame))
        return np.sort(order[:train]), np.sort(order[train : train + scored])


def frozen_features(data: Data, work: Path, size: int = 128, backbone: str = BACKBONE) -> np.ndarray:
    """Power-normalised features (M, D) of all photos, enlarged, in one plain view; kept in the folder."""
    from thresher.inference.engine import Engines
    from thresher.inference.features import compute_features
    from thresher.inference.views import REGISTRY
    from thresher.models.build import build_model
    from thresher.recipe.schema import ModelSection
    from thresher.training.harness import Harness

    section = ModelSection(backbone=backbone, image_size=size)
    settings = {"engine": "torch", "precision": "fp32", "batch_size": 32}
    network = build_model(section, 2).embedder()
    engines = Engines(network, **settings, device=Harness().device, scratch=work / "graphs")
    rows = np.arange(len(data.frame))
    folder = work / "features"
    key = digest(["features", backbone, size, data.cache.content.tolist()])
    return compute_features(engines, data.cache, rows, REGISTRY.build("plain"), size, "squish", folder, key)
