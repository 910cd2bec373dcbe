"""The file of a stage in mid-epoch, and the measured precision: both leave no trace on what follows."""

import time

import pytest
import torch
from torch import nn
from training_kit import tiny_model

from thresher.training.harness import Harness
from thresher.training.precision import choose_precision
from thresher.training.state import StateFile


def test_the_random_state_comes_back(tmp_path):
    file = StateFile(tmp_path / "job" / "state.pt", 0, "key")
    assert file.load() is None
    torch.manual_seed(1)
    torch.rand(5)
    file.save({"stage": 0, "parts": [torch.arange(3), {"a": 1.5, "b": "text", "c": None}]})
    wanted = torch.rand(4)
    torch.manual_seed(77)
    state = StateFile(tmp_path / "job" / "state.pt", 0, "key").load()
    assert torch.equal(torch.rand(4), wanted)
    assert state["stage"] == 0
    assert torch.equal(state["parts"][0], torch.arange(3))
    assert state["parts"][1] == {"a": 1.5, "b": "text", "c": None}


def test_another_key_is_ignored_and_leaves_the_random_state(tmp_path):
    StateFile(tmp_path / "state.pt", 0, "key").save({"stage": 0})
    torch.manual_seed(3)
    before = torch.get_rng_state()
    assert StateFile(tmp_path / "state.pt", 0, "other").load() is None
    assert torch.equal(torch.get_rng_state(), before)


def test_when_it_is_due(tmp_path, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    file = StateFile(tmp_path / "state.pt", 2, "key")
    follower = StateFile(tmp_path / "state.pt", 0, "key", writes=False)
    assert StateFile(tmp_path / "state.pt", 0, "key").due()
    assert not file.due()
    now[0] += 121
    assert file.due()
    file.save({"stage": 0})
    assert not file.due()
    now[0] += 121
    assert file.due()
    assert not follower.due()
    follower.discard()
    assert (tmp_path / "state.pt").exists()
    file.discard()
    assert not (tmp_path / "state.pt").exists()
    file.discard()


class Clock:
    """Every measured step takes what its precision takes."""

    def __init__(self, fp32, bf16):
        self.ticks = [tick for seconds in (fp32, bf16) for _ in range(3) for tick in (0.0, seconds)]

    def __call__(self):
        return self.ticks.pop(0)


@pytest.mark.parametrize(
    ("fp32", "bf16", "wanted"), [(2.0, 1.0, "bf16"), (1.1, 1.0, "fp32"), (1.0, 3.0, "fp32")]
)
def test_the_clearly_faster_precision_is_chosen(monkeypatch, fp32, bf16, wanted):
    monkeypatch.setattr(time, "perf_counter", Clock(fp32, bf16))
    assert choose_precision(tiny_model(), 16, 4, Harness(cpu=True)) == wanted


def test_measuring_leaves_everything_as_it_was():
    model = tiny_model(dropout=0.5)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    torch.manual_seed(11)
    state = torch.get_rng_state()
    assert choose_precision(model, 16, 4, Harness(cpu=True)) in ("fp32", "bf16")
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module.training for module in model.modules())
    assert all(norm.num_batches_tracked == 0 for norm in model.modules() if isinstance(norm, nn.BatchNorm2d))
