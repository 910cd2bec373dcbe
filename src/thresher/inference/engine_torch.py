"""PyTorch itself: the engine of GPUs, and the one that runs everything."""

import numpy as np
import torch
from torch import nn

from thresher.inference.engine import Engine


class TorchEngine(Engine):
    """Runs the module in inference mode, channels_last, with bf16 autocast where asked."""

    def __init__(
        self, module: nn.Module, size: int, precision: str, batch_size: int, device: str | torch.device
    ) -> None:
        """Moves the module to its device and sets it to eval mode.

        Args:
            module: uint8 (N, S, S, 3) -> (N, out).
            size: side S in pixels.
            precision: fp32 or bf16.
            batch_size: photos per batch.
            device: where to run.
        """
        super().__init__("torch", precision, size, batch_size)
        self.device = torch.device(device)
        self.module = module.to(device=self.device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]

    def _run(self, batches: list[np.ndarray]) -> np.ndarray:
        self.module.eval()
        on_gpu = self.device.type == "cuda"
        autocast = torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16")
        # Convolutions on GPUs use TF32 by default: off by 1e-3, and not the same from run to run.
        exact = torch.backends.cudnn.flags(
            enabled=True, benchmark=False, deterministic=True, allow_tf32=False
        )
        outputs = []
        with torch.inference_mode(), autocast, exact:
            for batch in batches:
                photos = torch.from_numpy(batch)
                if on_gpu:  # pinned memory lets the copy run beside the batch before it
                    photos = photos.pin_memory().to(self.device, non_blocking=True)
                outputs.append(self.module(photos).float())
            return torch.cat(outputs).cpu().numpy()
