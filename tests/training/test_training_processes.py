"""Several processes with one model: each step equals that of one process."""

import json
import os
import socket
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import multiprocessing
from training_kit import Bench, open_cache, same_weights, stage, tiny_model

from thresher.losses import REGISTRY as LOSSES
from thresher.training.harness import Harness

SGD = {"name": "sgd", "lr": 0.05}
CASES = {
    "uneven": ({"batch_size": 5, "clip": 0.5, "averaging": "ema"}, range(23)),
    "accumulated": ({"batch_size": 4, "accumulate": 4}, range(23)),
    "head": ({"batch_size": 7, "layers": "head"}, range(23)),
    "fewer rows than processes": ({"batch_size": 2}, range(0, 15, 3)),
    "adamw": ({"batch_size": 6, "optimizer": "adamw", "epochs": 1}, range(18)),
}


def train(name, cache, folder, harness):
    """Weights and history of one case."""
    settings, rows = CASES[name]
    bench = Bench(cache, folder / name, weights=np.linspace(0.3, 3, 23), rows=np.array(rows), seed=2)
    made = stage(**{"batch_norm": "frozen", "optimizer": SGD, **settings})
    return bench.run(made, harness=harness)


def process(rank, photo_folder, folder, port):
    """One of two."""
    torch.set_num_threads(1)
    os.environ |= {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": "2",
        "ACCELERATE_USE_CPU": "true",
    }
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    harness = Harness(cpu=True)
    assert (harness.rank, harness.processes) == (rank, 2)
    cache = open_cache(photo_folder)
    for name in CASES:
        model, history = train(name, cache, folder / str(rank), harness)
        torch.save(model.state_dict(), folder / f"{name}.{rank}.pt")
        (folder / f"{name}.{rank}.json").write_text(json.dumps([row["train_loss"] for row in history]))
    harness.wait()
    torch.distributed.destroy_process_group()


def test_two_processes_end_with_the_weights_of_one(cache, photo_folder, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    multiprocessing.spawn(process, (str(photo_folder), tmp_path, port), nprocs=2)
    for name in CASES:
        model, history = train(name, cache, tmp_path / "alone", Harness(cpu=True))
        assert not same_weights(model, tiny_model())
        for rank in (0, 1):
            state = torch.load(tmp_path / f"{name}.{rank}.pt", weights_only=True)
            for key, tensor in model.state_dict().items():
                assert (state[key] - tensor).abs().max() < 1e-5, (name, key)
            losses = json.loads((tmp_path / f"{name}.{rank}.json").read_text())
            assert losses == pytest.approx([row["train_loss"] for row in history], abs=1e-5)


def harness_of(rank, processes):
    """A harness that believes to be one of several."""
    harness = Harness(cpu=True)
    harness._accelerator = SimpleNamespace(num_processes=processes, process_index=rank)
    return harness


@pytest.mark.parametrize("processes", [1, 2, 3, 8])
@pytest.mark.parametrize("rows", [1, 2, 7, 16])
def test_shares_cover_a_batch_and_their_scaled_losses_are_its_loss(processes, rows):
    rng = np.random.default_rng(rows)
    logits, targets = torch.from_numpy(rng.normal(size=(rows, 4))), torch.from_numpy(rng.integers(0, 4, rows))
    weights = rng.uniform(0.1, 5, rows)
    loss = LOSSES.build("cross_entropy")
    batch, seen, losses = np.arange(rows), [], []
    for rank in range(processes):
        harness = harness_of(rank, processes)
        own, scale = harness.share(batch), harness.share_scale(weights)
        assert len(own) >= 1  # an empty share has no mean loss
        seen += own.tolist() if scale else []
        part = loss(logits[own], targets[own], weight=torch.from_numpy(weights[own]))
        losses.append(scale * float(part))
    assert sorted(seen) == batch.tolist()
    whole = loss(logits, targets, weight=torch.from_numpy(weights))
    assert np.mean(losses) == pytest.approx(float(whole))


def test_one_process_alone():
    harness = Harness(cpu=True)
    model = tiny_model()
    assert (harness.rank, harness.processes, harness.device.type) == (0, 1, "cpu")
    assert harness.wrap(model) is model
    assert harness.share(np.arange(5)).tolist() == [0, 1, 2, 3, 4]
    assert harness.share_scale(np.array([0.3, 7.0])) == 1.0
    assert harness.total(2.5) == 2.5
    harness.wait()
    with harness.autocast("bf16"):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.bfloat16
    with harness.autocast("fp32"):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
