"""OpenVINO on the CPU."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from thresher.inference.engine import Engine, EngineError


@cache
def core() -> Any:
    """OpenVINO's one entrance."""
    import openvino

    return openvino.Core()


def has_fast_bf16() -> bool:
    """Whether this CPU computes in bf16 itself (AVX512_BF16, AMX, Arm): elsewhere it does not pay."""
    return "BF16" in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class OpenVinoEngine(Engine):
    """Runs an exported graph in fp32 or bf16."""

    def __init__(self, graph: Path, size: int, precision: str, batch_size: int) -> None:
        """Compiles the graph for one shape of batch.

        Args:
            graph: an ONNX file with the input ``photos``.
            size: side S in pixels.
            precision: fp32 or bf16.
            batch_size: photos per batch.

        Raises:
            EngineError: OpenVINO cannot compile the graph.
        """
        super().__init__("openvino", precision, size, batch_size)
        settings = {
            "INFERENCE_PRECISION_HINT": {"fp32": "f32", "bf16": "bf16"}[precision],
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "PERFORMANCE_HINT": "LATENCY",  # one batch at a time on all threads
            "ENABLE_CPU_PINNING": False,  # several processes would be pinned to the same cores
        }
        try:
            model = core().read_model(graph)
            model.reshape([batch_size, size, size, 3])
            self.request = core().compile_model(model, "CPU", settings).create_infer_request()
        except Exception as error:  # OpenVINO raises RuntimeError for everything
            raise EngineError(f"OpenVINO cannot run this network ({str(error)[:300]}): take torch") from error

    def _run(self, batches: list[np.ndarray]) -> np.ndarray:
        # The request reuses its output, so each batch's is copied.
        return np.concatenate([self.request.infer([batch], share_inputs=True)[0].copy() for batch in batches])
