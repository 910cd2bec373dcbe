"""Which engine is the fastest here: measured in about a second, not guessed."""

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from thresher.inference.engine import Engine, EngineError, check_engine, installed, open_engine

if TYPE_CHECKING:
    import torch
    from torch import nn

ADVANTAGE = 1.15
"""A candidate must be so many times as fast as the one before it, so that repeated runs choose the same."""
log = logging.getLogger("thresher")


def choose_engine(
    module: "nn.Module",
    size: int,
    engine: str,
    precision: str,
    batch_size: int,
    device: "str | torch.device",
    scratch: Path,
) -> tuple[str, str]:
    """Resolves ``auto`` in the engine and precision of a recipe.

    Args:
        module: the network to run, uint8 (N, S, S, 3) -> (N, out).
        size: side S in pixels.
        engine: auto, torch, onnxruntime or openvino.
        precision: auto, fp32 or bf16.
        batch_size: photos per batch.
        device: where torch runs; on a GPU, auto is torch.
        scratch: folder for exported graphs.

    Returns:
        engine and precision, neither of them auto.

    Raises:
        RecipeError: an engine asked for by name is not installed or does not know the precision.
        EngineError: an engine asked for by name cannot run this network.
    """
    options = candidates(engine, precision, str(device))
    if len(options) == 1 and engine != "auto":
        return options[0]
    best: tuple[str, str] | None = None
    best_seconds = float("inf")
    for name, exact in options:
        try:
            opened = open_engine(module, size, name, exact, batch_size, device, scratch)
        except EngineError as error:
            if engine != "auto":
                raise
            log.info("%s %s: %s", name, exact, error)
            continue
        seconds = _seconds(opened, best_seconds)
        log.debug("%s %s: %.0f photos/s", name, exact, batch_size / seconds)
        if seconds * ADVANTAGE < best_seconds:
            best, best_seconds = (name, exact), seconds
    if best is None:  # no exporter knows this network
        return "torch", "fp32" if precision == "auto" else precision
    return best


def candidates(engine: str, precision: str, device: str) -> list[tuple[str, str]]:
    """The engines and precisions worth measuring, the one that is expected to win first.

    PyTorch's bf16 must be asked for: its autocast rounds after every operator and changes 2-3 % of the
    answers of EfficientNet-Lite0 with a linear head; OpenVINO rounds after whole blocks and changes .7 %.

    Args:
        engine: auto or a name.
        precision: auto, fp32 or bf16.
        device: cpu, cuda ...

    Raises:
        RecipeError: an engine asked for by name is not installed or does not know the precision.
    """
    if engine != "auto":
        check_engine(engine, "fp32" if precision == "auto" else precision)
        names = [engine]
    elif not device.startswith("cpu"):
        names = ["torch"]
    elif installed("openvino"):  # where it is, it has beaten the others by far
        names = ["openvino"]
    elif installed("onnxruntime") and precision != "bf16":
        names = ["onnxruntime", "torch"]
    else:
        names = ["torch"]
    if precision != "auto":
        return [(name, precision) for name in names]
    if names == ["openvino"] and _has_bf16():
        return [("openvino", "bf16"), ("openvino", "fp32")]
    return [(name, "fp32") for name in names]


def _has_bf16() -> bool:
    """Whether OpenVINO computes in bf16 on this machine without emulation."""
    from thresher.inference.engine_openvino import has_fast_bf16

    return has_fast_bf16()


def _seconds(engine: Engine, best: float, budget: float = 0.4) -> float:
    """Seconds per batch: the shortest of a few, after one to warm up that may already tell enough.

    Args:
        engine: what to measure.
        best: seconds of the best engine so far.
        budget: seconds to spend, about.
    """
    photos = np.random.default_rng(0).integers(
        0, 256, (engine.batch_size, engine.size, engine.size, 3), np.uint8
    )
    times: list[float] = []
    while len(times) < 3 or (sum(times) < budget and len(times) < 10):
        start = time.perf_counter()
        engine(photos)
        times.append(time.perf_counter() - start)
        if times[0] > 3 * best:
            return times[0]
    return min(times[1:])
