"""Linear heads on frozen features: by any loss and Adam, or as the recipe `quick` fits them."""

from typing import Any

import numpy as np
import torch

from thresher.seeds import generator, seed_torch

Head = tuple[np.ndarray, np.ndarray]


def fit_head(
    features: np.ndarray,
    targets: np.ndarray,
    classes: int,
    loss: dict[str, Any],
    rate: float,
    seed: int,
    epochs: int,
    batch_size: int,
) -> Head:
    """A linear head by Adam with a cosine schedule; weight (K, D) and bias (K,) for features (N, D)."""
    from thresher.recipe.part import build

    centre = features.mean(axis=0)
    scale = 10 / (np.sqrt(((features - centre) ** 2).sum(axis=1).mean()) + 1e-12)
    known = torch.from_numpy(((features - centre) * scale).astype(np.float32))
    wanted = torch.from_numpy(targets)
    seed_torch(seed, "head")
    head = torch.nn.Linear(features.shape[1], classes)
    torch.nn.init.trunc_normal_(head.weight, std=0.02)
    torch.nn.init.zeros_(head.bias)
    objective = build("losses", loss).train()
    optimizer = torch.optim.Adam(head.parameters(), lr=rate, foreach=True)
    batches = -(-len(known) // batch_size)
    steps = batches * epochs
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    step = 0
    for epoch in range(epochs):
        order = torch.from_numpy(generator(seed, "order", epoch).permutation(len(known)))
        for rows in order.chunk(batches):
            objective.at(step / steps)
            optimizer.zero_grad(set_to_none=True)
            objective(head(known[rows]), wanted[rows]).backward()
            optimizer.step()
            schedule.step()
            step += 1
    weight = head.weight.detach().numpy() * scale
    return weight, head.bias.detach().numpy() - weight @ centre


def fit_quick(features: np.ndarray, targets: np.ndarray, classes: int, seed: int) -> Head:
    """What a linear stage does: L-BFGS, its L2 penalty chosen by log-loss on inner folds."""
    from thresher.models.linear import fit_linear, inner_split
    from thresher.recipe.schema import LinearStage

    stage = LinearStage()
    inner = inner_split(targets, None, stage.inner_folds, seed)
    head = fit_linear(features[None], targets, classes, stage.penalties, inner)
    return head.weight, head.bias


def accuracy(head: Head, features: np.ndarray, targets: np.ndarray) -> float:
    """Share of right answers."""
    weight, bias = head
    return float(((features @ weight.T + bias).argmax(axis=1) == targets).mean())
