"""onnxruntime on the CPU."""

from pathlib import Path

import numpy as np
import onnxruntime
import torch

from thresher.inference.engine import Engine, EngineError


class OnnxRuntimeEngine(Engine):
    """Runs an exported graph in fp32."""

    def __init__(self, graph: Path | bytes, size: int, batch_size: int) -> None:
        """Loads the graph for one shape of batch.

        Args:
            graph: an ONNX file, or its bytes, with the input ``photos``.
            size: side S in pixels.
            batch_size: photos per batch.

        Raises:
            EngineError: onnxruntime cannot load the graph.
        """
        super().__init__("onnxruntime", "fp32", size, batch_size)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = torch.get_num_threads()
        # Threads that spin between operators take the cores from those that decode photos.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_free_dimension_override_by_name("batch", batch_size)
        try:
            self.session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors share no base class
            raise EngineError(
                f"onnxruntime cannot run this network ({str(error)[:300]}): take torch"
            ) from error

    def _run(self, batches: list[np.ndarray]) -> np.ndarray:
        return np.concatenate([self.session.run(None, {"photos": batch})[0] for batch in batches])
