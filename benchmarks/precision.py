"""Training speed by precision, memory layout and allocator. Each allocator setting has its own process."""

import json
import subprocess
import sys
import time

from common import Table, main, middle, times_as

BACKBONES = ("resnet18", "tf_efficientnet_lite0")
SIZE, BATCH = 160, 32
CASES = (("fp32", False), ("fp32", True), ("bf16", False), ("bf16", True))


def measure(quick: bool) -> Table:
    """Photos per second of whole training steps at 160 pixels, batches of 32."""
    table = Table(
        "Training: precision, layout, allocator",
        ("backbone", "precision", "layout", "allocator", "photos/s", "times as fast"),
        notes=[f"Whole steps at {SIZE} pixels, batches of {BATCH}; the four cases of a process take turns."],
    )
    for backbone in BACKBONES:
        rates = {kept: _run(backbone, kept, quick) for kept in (False, True)}
        base = rates[False][0]
        for kept, found in rates.items():
            for (precision, last), rate in zip(CASES, found, strict=True):
                layout, allocator = "channels_last" if last else "NCHW", "keeps memory" if kept else "plain"
                table.rows.append(
                    (backbone, precision, layout, allocator, f"{rate:.1f}", times_as(rate, base))
                )
    return table


def _run(backbone: str, kept: bool, quick: bool) -> list[float]:
    words = [sys.executable, __file__, "--case", backbone, str(int(kept)), str(int(quick))]
    return json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout)


def _case(backbone: str, kept: bool, quick: bool) -> list[float]:
    """Photos per second of the four cases, in turns."""
    import torch

    from thresher.models.build import build_model
    from thresher.recipe.schema import ModelSection
    from thresher.training.memory import keep_memory

    if kept:
        keep_memory()
    torch.manual_seed(0)
    batch = 4 if quick else BATCH
    photos = torch.randn(batch, 3, SIZE, SIZE)
    targets = torch.arange(batch) % 7
    steps = []
    for precision, last in CASES:
        layout = torch.channels_last if last else torch.contiguous_format
        weights = "none" if backbone == "resnet18" else "auto"
        model = build_model(ModelSection(backbone=backbone, weights=weights, image_size=SIZE), 7)
        net = torch.nn.Sequential(model.backbone, model.head).to(memory_format=layout).train()
        optimizer = torch.optim.AdamW(net.parameters(), lr=1e-4)
        steps.append((net, optimizer, photos.to(memory_format=layout), precision == "bf16"))
    times: list[list[float]] = [[] for _ in steps]
    for number in range(2 if quick else 4):
        for place, (net, optimizer, shown, bf16) in enumerate(steps):
            start = time.perf_counter()
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                loss = torch.nn.functional.cross_entropy(net(shown).float(), targets)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            if number >= (1 if quick else 2):
                times[place].append(time.perf_counter() - start)
    return [batch / middle(part) for part in times]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--case"]:
        name, kept_, quick_ = sys.argv[2:5]
        print(json.dumps(_case(name, kept_ == "1", quick_ == "1")))
    else:
        main(measure)
