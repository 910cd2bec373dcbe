"""The choice of an engine: what is measured, what wins, what is refused."""

import time

import pytest
import torch

from thresher.errors import RecipeError
from thresher.inference import choice
from thresher.inference.choice import candidates, choose_engine
from thresher.inference.engine import EngineError


@pytest.fixture
def machine(monkeypatch):
    """Sets which engines are installed, whether the CPU has bf16, and the seconds of a batch in each."""

    def make(engines, bf16=False, seconds=None):
        monkeypatch.setattr(choice, "installed", lambda name: name in engines)
        monkeypatch.setattr("thresher.inference.engine.installed", lambda name: name in engines)
        monkeypatch.setattr(choice, "_has_bf16", lambda: bf16)
        measured = []

        def opened(module, size, engine, precision, *rest):
            if (seconds or {}).get((engine, precision)) is None:
                raise EngineError("cannot")
            measured.append((engine, precision))
            return engine, precision

        monkeypatch.setattr(choice, "open_engine", opened)
        monkeypatch.setattr(choice, "_seconds", lambda pair, best: (seconds or {})[pair])
        return measured

    return make


def chosen(tmp_path, engine="auto", precision="auto", device="cpu"):
    return choose_engine(torch.nn.Identity(), 32, engine, precision, 8, device, tmp_path)


EVERY = ("torch", "onnxruntime", "openvino")


def test_only_promising_candidates_are_measured(machine):
    machine(EVERY, bf16=True)
    assert candidates("auto", "auto", "cpu") == [("openvino", "bf16"), ("openvino", "fp32")]
    assert candidates("openvino", "auto", "cpu") == [("openvino", "bf16"), ("openvino", "fp32")]
    assert candidates("auto", "bf16", "cpu") == [("openvino", "bf16")]
    assert candidates("auto", "auto", "cuda:0") == [("torch", "fp32")]
    assert candidates("auto", "bf16", "cuda") == [("torch", "bf16")]
    assert candidates("torch", "auto", "cpu") == [("torch", "fp32")]
    assert candidates("torch", "bf16", "cpu") == [("torch", "bf16")]
    assert candidates("onnxruntime", "auto", "cpu") == [("onnxruntime", "fp32")]
    machine(EVERY, bf16=False)
    assert candidates("auto", "auto", "cpu") == [("openvino", "fp32")]
    machine(("torch", "onnxruntime"), bf16=True)
    assert candidates("auto", "auto", "cpu") == [("onnxruntime", "fp32"), ("torch", "fp32")]
    assert candidates("auto", "bf16", "cpu") == [("torch", "bf16")]
    machine(("torch",))
    assert candidates("auto", "auto", "cpu") == [("torch", "fp32")]


@pytest.mark.parametrize(
    ("bf16_seconds", "fp32_seconds", "winner"),
    [(0.1, 0.2, "bf16"), (0.2, 0.1, "fp32"), (0.114, 0.1, "bf16"), (0.116, 0.1, "fp32")],
)
def test_the_first_candidate_stays_unless_another_is_clearly_faster(
    machine, tmp_path, bf16_seconds, fp32_seconds, winner
):
    machine(
        EVERY, bf16=True, seconds={("openvino", "bf16"): bf16_seconds, ("openvino", "fp32"): fp32_seconds}
    )
    assert chosen(tmp_path) == ("openvino", winner)


def test_what_is_given_is_not_measured(machine, tmp_path):
    measured = machine(EVERY, bf16=True, seconds={})
    assert chosen(tmp_path, "openvino", "fp32") == ("openvino", "fp32")
    assert chosen(tmp_path, "onnxruntime", "auto") == ("onnxruntime", "fp32")
    assert measured == []


def test_auto_passes_over_an_engine_that_cannot_run_the_network(machine, tmp_path):
    machine(("torch", "onnxruntime"), seconds={("torch", "fp32"): 0.1})
    assert chosen(tmp_path) == ("torch", "fp32")
    machine(EVERY, bf16=True, seconds={})
    assert chosen(tmp_path) == ("torch", "fp32")
    assert chosen(tmp_path, precision="bf16") == ("torch", "bf16")
    with pytest.raises(EngineError):
        chosen(tmp_path, "openvino", "auto")


def test_an_engine_that_is_missing_or_cannot_is_refused(machine, tmp_path):
    machine(("torch",))
    with pytest.raises(RecipeError, match="pip install"):
        chosen(tmp_path, "openvino", "auto")
    assert chosen(tmp_path, precision="fp32", device="cpu") == ("torch", "fp32")
    machine(EVERY)
    with pytest.raises(RecipeError, match="fp32"):
        chosen(tmp_path, "onnxruntime", "bf16")


def test_a_slow_engine_is_ruled_out_after_one_batch():
    class Slow:
        batch_size, size, calls = 2, 8, 0

        def __call__(self, photos):
            self.calls += 1
            assert photos.shape == (2, 8, 8, 3)
            time.sleep(0.02)

    slow = Slow()
    assert choice._seconds(slow, best=0.001) >= 0.02
    assert slow.calls == 1
    assert choice._seconds(slow, best=float("inf"), budget=0) >= 0.02
    assert slow.calls == 4


def test_a_real_choice_is_quick_and_repeats(tmp_path):
    from types import SimpleNamespace

    from thresher.models.build import build_model

    torch.manual_seed(0)
    model = build_model(SimpleNamespace(backbone="test_resnet", weights="none", image_size=64), 4)
    first = choose_engine(model, 64, "auto", "auto", 8, "cpu", tmp_path)
    start = time.monotonic()
    again = choose_engine(model, 64, "auto", "auto", 8, "cpu", tmp_path)
    assert time.monotonic() - start < 10
    for engine, precision in (first, again):
        assert engine in ("torch", "onnxruntime", "openvino")
        assert precision in ("fp32", "bf16")
