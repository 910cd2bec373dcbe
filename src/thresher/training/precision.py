"""Which precision trains this model faster on this machine: measured, not guessed."""

import time

import torch

from thresher.training.harness import Harness

GAIN = 1.15
"""bf16 must be this much faster to be chosen, so that a repeated measurement chooses the same."""


def choose_precision(model: torch.nn.Module, size: int, batch_size: int, harness: Harness) -> str:
    """Times a few training steps in fp32 and in bf16, in a second or two.

    Args:
        model: photos (N, S, S, 3) -> logits; its gradients are thrown away and its statistics kept.
        size: S in pixels.
        batch_size: of the stage; at most 8 are used.
        harness: where it runs.

    Returns:
        ``fp32`` or ``bf16``.
    """
    if harness.device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    photos = torch.full((min(batch_size, 8), size, size, 3), 127, dtype=torch.uint8)
    seconds = {}
    random_state = torch.get_rng_state()
    model.train()
    for precision in ("fp32", "bf16"):
        times = []
        for _ in range(3):
            start = time.perf_counter()
            with harness.autocast(precision):
                loss = model(photos).float().square().mean()
            loss.backward()
            times.append(time.perf_counter() - start)
        seconds[precision] = min(times)
    model.zero_grad(set_to_none=True)
    model.load_state_dict(state)
    model.eval()
    torch.set_rng_state(random_state)
    return "bf16" if seconds["fp32"] > GAIN * seconds["bf16"] else "fp32"
