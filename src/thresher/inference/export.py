"""Networks as ONNX graphs, for the engines that read them; each is exported once and kept by its digest."""

import contextlib
import copy
import hashlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import nn

from thresher.errors import RunError
from thresher.files import write_bytes
from thresher.inference.engine import EngineError

OPSET = 17
log = logging.getLogger("thresher")


def exported(module: nn.Module, size: int, batch_size: int, scratch: Path) -> Path:
    """The ONNX file of a network, exported now if it is not in ``scratch``.

    Normally its batch is free; a network that cannot be exported so is exported for ``batch_size`` alone.

    Args:
        module: uint8 (N, S, S, 3) -> (N, out).
        size: side S in pixels.
        batch_size: photos per batch.
        scratch: where graphs are kept.

    Raises:
        EngineError: neither exporter of PyTorch knows this network.
    """
    name = graph_digest(module, size)
    free, fixed = scratch / f"{name}.onnx", scratch / f"{name}-{batch_size}.onnx"
    for path in (free, fixed):
        if path.is_file():
            return path
    problems = []
    if any(tensor.device.type != "cpu" for tensor in module.state_dict().values()):
        module = copy.deepcopy(module).cpu()
    for path, batch, dynamo in ((free, 2, False), (fixed, batch_size, False), (fixed, batch_size, True)):
        try:
            with _quiet(module):
                graph = _export(module, size, batch, free=path is free, dynamo=dynamo)
                # A graph for any batch is tried on a small one: a full one would set a run's peak of memory.
                _check(graph, module, size, min(batch_size, 4) if path is free else batch_size)
            return write_bytes(path, graph)
        except RunError:
            raise
        except Exception as error:  # exporters raise whatever the operator they stumbled over raises
            problems.append(f"{type(error).__name__}: {error}".splitlines()[0][:200])
            log.debug("export of %s failed: %s", type(module).__name__, error)
    raise EngineError(
        "this network cannot be exported to ONNX (" + "; ".join(problems) + "): take the engine torch"
    )


def graph_digest(module: nn.Module, size: int) -> str:
    """Names a graph by the network's structure and weights, the size of photos and the exporter."""
    hasher = hashlib.blake2b(f"{torch.__version__} {OPSET} {size}\n{module!r}\n".encode(), digest_size=16)
    for name, tensor in module.state_dict().items():
        plain = tensor.detach().cpu().contiguous().reshape(-1)
        hasher.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        hasher.update(plain.view(torch.uint8).numpy().data)
    return hasher.hexdigest()


def _export(module: nn.Module, size: int, batch: int, *, free: bool, dynamo: bool) -> bytes:
    """One attempt. The older exporter comes first: 1 s instead of 8 s for EfficientNet-Lite0."""
    photos = torch.zeros((batch, size, size, 3), dtype=torch.uint8)
    if dynamo:
        program = torch.onnx.export(module, (photos,), dynamo=True, input_names=["photos"], verbose=False)
        assert program is not None
        proto: bytes = program.model_proto.SerializeToString()
        return proto
    buffer = io.BytesIO()
    torch.onnx.export(
        module,
        (photos,),
        buffer,  # type: ignore[arg-type]
        dynamo=False,
        input_names=["photos"],
        output_names=["output"],
        dynamic_axes={"photos": {0: "batch"}, "output": {0: "batch"}} if free else None,
        opset_version=OPSET,
    )
    return buffer.getvalue()


def _check(graph: bytes, module: nn.Module, size: int, batch_size: int) -> None:
    """Compares a fresh graph with the module on one batch of noise."""
    from thresher.inference.engine_onnxruntime import OnnxRuntimeEngine

    noise = np.random.default_rng(0).integers(0, 256, (batch_size, size, size, 3), np.uint8)
    wanted = module(torch.from_numpy(noise[-2:])).numpy()
    given = OnnxRuntimeEngine(graph, size, batch_size)(noise)[-2:]
    if given.shape != wanted.shape or not np.allclose(
        given, wanted, rtol=1e-3, atol=1e-3 * np.abs(wanted).max()
    ):
        raise ValueError("the exported graph gives other numbers than the network")


@contextlib.contextmanager
def _quiet(module: nn.Module) -> Iterator[None]:
    """Eval mode, no gradients, and none of the exporters' chatter."""
    training = [(each, each.training) for each in module.modules()]  # parts of it may differ
    noisy = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in noisy]
    module.eval()
    try:
        for logger in noisy:
            logger.setLevel(logging.ERROR)
        with (
            warnings.catch_warnings(),
            torch.inference_mode(False),
            torch.no_grad(),
            contextlib.redirect_stdout(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        for each, before in training:
            each.training = before
        for logger, level in zip(noisy, levels, strict=True):
            logger.setLevel(level)
