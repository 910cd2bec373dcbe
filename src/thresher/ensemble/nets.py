"""Small networks as stackers: how they are trained, and stopped."""

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from thresher.ensemble.stacker import Correction, Rows, Stacker
from thresher.seeds import derive, generator

AT_ONCE = 4096
"""Photos that are answered together."""


class NetStacker(Stacker):
    """A network adds to the logits of the models' mean. A subclass writes `network`.

    Args:
        epochs: at most.
        rate: learning rate of AdamW.
        batch_size: photos per step.
        patience: epochs without a lower log-loss on the inner fold after which it stops; the best is kept.
        width: hidden numbers, or channels.
        dropout: share of hidden numbers that is left out while training.
    """

    def __init__(
        self,
        *,
        epochs: Annotated[int, Field(ge=1)] = 60,
        rate: Annotated[float, Field(gt=0)] = 2e-3,
        batch_size: Annotated[int, Field(ge=1)] = 256,
        patience: Annotated[int, Field(ge=1)] = 6,
        width: Annotated[int, Field(ge=1)] = 32,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2,
    ) -> None:
        self.epochs, self.rate, self.batch_size, self.patience = epochs, rate, batch_size, patience
        self.width, self.dropout = width, dropout

    def network(self, models: int, classes: int) -> nn.Module:
        """Logits (N, M, K) of models in, (N, K) out; the last layer begins at zero (see `silent`)."""
        raise NotImplementedError

    def correct(self, train: Rows, held: Rows, seed: int, number: int) -> Correction:
        """See `Stacker.correct`."""
        scale = float(train.logits.std()) or 1.0
        rng = generator(seed, "stacker", number)
        inputs = _tensor(train.logits, scale)
        base = torch.from_numpy(train.base.astype(np.float32))
        targets = torch.from_numpy(train.targets)
        steps = math.ceil(len(targets) / self.batch_size)
        with one_thread(derive(seed, "stacker network", number)):
            net = self.network(train.logits.shape[0], train.base.shape[1])
            optimizer = torch.optim.AdamW(net.parameters(), lr=self.rate, weight_decay=1e-2)
            best, lowest, waited = copy.deepcopy(net.state_dict()), held.loss(np.zeros_like(held.base)), 0
            for _ in range(self.epochs):
                net.train()
                for rows in np.array_split(rng.permutation(len(targets)), steps):
                    loss = functional.cross_entropy(base[rows] + net(inputs[rows]), targets[rows])
                    optimizer.zero_grad()
                    loss.backward()  # type: ignore[no-untyped-call]
                    optimizer.step()
                loss_now = held.loss(_answers(net, held.logits, scale))
                waited += 1
                if loss_now < lowest:
                    best, lowest, waited = copy.deepcopy(net.state_dict()), loss_now, 0
                elif waited == self.patience:
                    break
            net.load_state_dict(best)

        def correction(logits: np.ndarray) -> np.ndarray:
            with one_thread():
                return _answers(net, logits, scale)

        return correction


def silent(layer: nn.Linear) -> nn.Linear:
    """The same layer, made to give zeros."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


@contextmanager
def one_thread(seed: int = 0) -> Iterator[None]:
    """One thread, and random numbers of its own; both are put back."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def _tensor(logits: np.ndarray, scale: float) -> Tensor:
    """Logits (M, N, K) as float32 (N, M, K)."""
    return torch.from_numpy(np.ascontiguousarray(logits.transpose(1, 0, 2) / scale, dtype=np.float32))


def _answers(net: nn.Module, logits: np.ndarray, scale: float) -> np.ndarray:
    """What the network adds (N, K), float64."""
    net.eval()
    with torch.no_grad():
        parts = (
            [net(part) for part in torch.split(_tensor(logits, scale), AT_ONCE)] if logits.shape[1] else []
        )
    return torch.cat(parts).double().numpy() if parts else np.zeros(logits.shape[1:])
