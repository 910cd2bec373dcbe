"""Engines: what runs finished weights on photos. All take uint8 (N, S, S, 3) and give float32 (N, out)."""

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from thresher.errors import RecipeError, ThresherError
from thresher.registry import nearest

if TYPE_CHECKING:
    import torch
    from torch import nn

INSTALL = {"torch": "torch", "onnxruntime": "onnxruntime", "openvino": "'thresher[openvino]'"}
"""Engines, and what to give to pip."""


class EngineError(ThresherError):
    """This network cannot be run by this engine."""


class Engine(ABC):
    """Runs a network on full batches, so that a photo's answer never depends on how photos were batched."""

    def __init__(self, name: str, precision: str, size: int, batch_size: int) -> None:
        """Sets what `__call__` checks.

        Args:
            name: torch, onnxruntime or openvino.
            precision: fp32 or bf16.
            size: side S of the photos in pixels.
            batch_size: photos per batch; a shorter last batch is padded.
        """
        self.name, self.precision, self.size, self.batch_size = name, precision, size, batch_size

    def __call__(self, photos: np.ndarray) -> np.ndarray:
        """Runs the network.

        Args:
            photos: uint8 (N, S, S, 3).

        Returns:
            float32 (N, out).
        """
        if photos.dtype != np.uint8 or photos.shape[1:] != (self.size, self.size, 3):
            raise ValueError(
                f"photos are {photos.dtype} {photos.shape}, not uint8 (N, {self.size}, {self.size}, 3)"
            )
        count = len(photos)
        padding = -count % self.batch_size if count else self.batch_size
        if padding:
            photos = np.concatenate([photos, np.zeros((padding, *photos.shape[1:]), np.uint8)])
        parts = np.split(np.ascontiguousarray(photos), len(photos) // self.batch_size)
        return np.ascontiguousarray(self._run(parts)[:count], dtype=np.float32)

    @abstractmethod
    def _run(self, batches: list[np.ndarray]) -> np.ndarray:
        """Full batches uint8 (B, S, S, 3) -> float32 (sum of B, out)."""


EngineSource = Engine | Callable[[int], Engine]
"""An engine, or what gives the engine for a size of photos."""


class Engines:
    """The engines of one network for every size of view, opened when first asked for."""

    def __init__(self, module: "nn.Module", **settings: Any) -> None:
        """Holds what `open_engine` wants, except the size."""
        self.module, self.settings = module, settings
        self.opened: dict[int, Engine] = {}

    def __call__(self, size: int) -> Engine:
        """The engine for photos of a size (side in pixels)."""
        if size not in self.opened:
            self.opened[size] = open_engine(self.module, size, **self.settings)
        return self.opened[size]


def engine_for(source: EngineSource, size: int) -> Engine:
    """The engine that a source has for a size (side in pixels)."""
    return source if isinstance(source, Engine) else source(size)


def installed(engine: str) -> bool:
    """Whether an engine can be imported; imports nothing."""
    return importlib.util.find_spec(engine) is not None


def check_engine(engine: str, precision: str) -> None:
    """Checks that an engine is installed and knows a precision.

    Raises:
        RecipeError: it is not, or does not; says what to do.
    """
    if engine not in INSTALL:
        raise RecipeError(f"no engine is named {engine!r}{nearest(engine, INSTALL)}")
    if not installed(engine):
        raise RecipeError(
            f"the engine {engine} is not installed: `pip install {INSTALL[engine]}`, "
            "or choose another with a model's `engine` (auto takes the fastest that is there)"
        )
    if engine == "onnxruntime" and precision == "bf16":
        raise RecipeError("the engine onnxruntime runs fp32 on a CPU: take openvino or torch for bf16")


def open_engine(
    module: "nn.Module",
    size: int,
    engine: str,
    precision: str,
    batch_size: int,
    device: "str | torch.device",
    scratch: Path,
) -> Engine:
    """Makes a network ready to run.

    Args:
        module: uint8 (N, S, S, 3) -> float (N, out), normalisation inside.
        size: side S in pixels.
        engine: torch, onnxruntime or openvino; the last two run on the CPU, with torch's number of threads.
        precision: fp32 or bf16.
        batch_size: photos per batch.
        device: where torch runs.
        scratch: folder for exported graphs, kept by the digest of the weights.

    Raises:
        RecipeError: the engine is not installed or does not know the precision.
        EngineError: the engine cannot run this network.
    """
    check_engine(engine, precision)
    if engine == "torch":
        from thresher.inference.engine_torch import TorchEngine

        return TorchEngine(module, size, precision, batch_size, device)
    from thresher.inference.export import exported

    graph = exported(module, size, batch_size, scratch)
    if engine == "onnxruntime":
        from thresher.inference.engine_onnxruntime import OnnxRuntimeEngine

        return OnnxRuntimeEngine(graph, size, batch_size)
    from thresher.inference.engine_openvino import OpenVinoEngine

    return OpenVinoEngine(graph, size, precision, batch_size)
