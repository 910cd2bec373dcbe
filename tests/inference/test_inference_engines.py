"""Every engine gives what PyTorch gives, whatever else is in the batch."""

import os
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from thresher.errors import RecipeError
from thresher.inference import engine as engine_module
from thresher.inference import export
from thresher.inference.choice import _has_bf16
from thresher.inference.engine import EngineError, Engines, check_engine, engine_for, installed, open_engine
from thresher.models.build import build_model

SIZE, BATCH = 64, 8
ALL = [
    ("torch", "fp32"),
    ("torch", "bf16"),
    ("onnxruntime", "fp32"),
    ("openvino", "fp32"),
    ("openvino", "bf16"),
]


def photos(count, seed=0, size=SIZE):
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), np.uint8)


def built(backbone, classes=5, size=SIZE):
    torch.manual_seed(0)
    model = build_model(SimpleNamespace(backbone=backbone, weights="none", image_size=size), classes)
    # Statistics as after training: with those of a fresh network, features of deep ones fade to nothing.
    model.train()
    with torch.no_grad():
        for _ in range(20):
            model(torch.from_numpy(photos(16, 1, size)))
    return model.eval()


@pytest.fixture(scope="module")
def net():
    return built("mobilenetv3_small_050")


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("graphs")


def opened(module, engine, precision, scratch, batch=BATCH, size=SIZE):
    if not installed(engine):
        pytest.skip(f"{engine} is not installed")
    return open_engine(module, size, engine, precision, batch, "cpu", scratch)


def eager(module, given):
    with torch.no_grad():
        return module(torch.from_numpy(given)).numpy()


@pytest.mark.parametrize(("engine", "precision"), [pair for pair in ALL if pair[1] == "fp32"])
@pytest.mark.parametrize("backbone", ["mobilenetv3_small_050", "test_resnet", "test_vit", "test_convnext"])
def test_fp32_engines_agree_with_torch(backbone, engine, precision, scratch):
    size = 160 if backbone == "test_vit" else SIZE
    model = built(backbone, size=size)
    given = photos(11, size=size)
    for module in (model, model.embedder()):
        run = opened(module, engine, precision, scratch, size=size)
        wanted = eager(module, given)
        answer = run(given)
        assert answer.dtype == np.float32
        assert answer.flags.c_contiguous
        np.testing.assert_allclose(answer, wanted, rtol=0, atol=1e-4 * max(1.0, np.abs(wanted).max()))
        assert np.abs(wanted).max() > 1e-3  # zeros would agree too


@pytest.mark.parametrize(("engine", "precision"), [pair for pair in ALL if pair[1] == "bf16"])
def test_bf16_engines_are_near(net, engine, precision, scratch):
    wanted = eager(net.embedder(), photos(16))
    answer = opened(net.embedder(), engine, precision, scratch)(photos(16))
    assert answer.dtype == np.float32
    error = np.linalg.norm(answer - wanted, axis=1) / np.linalg.norm(wanted, axis=1)
    assert error.max() < 0.1
    if engine == "torch" or _has_bf16():  # elsewhere OpenVINO quietly computes in fp32
        assert error.max() > 1e-6


@pytest.mark.parametrize(("engine", "precision"), ALL)
def test_an_answer_does_not_depend_on_the_rest_of_the_batch(net, engine, precision, scratch):
    run, given = opened(net, engine, precision, scratch), photos(27)
    whole = run(given)
    assert whole.shape == (27, 5)
    order = np.random.default_rng(1).permutation(27)
    np.testing.assert_array_equal(run(given[order]), whole[order])
    np.testing.assert_array_equal(np.concatenate([run(given[i : i + 1]) for i in range(5)]), whole[:5])
    np.testing.assert_array_equal(opened(net, engine, precision, scratch)(given), whole)


@pytest.mark.parametrize(("engine", "precision"), ALL)
def test_no_photos_are_no_answers(net, engine, precision, scratch):
    assert opened(net, engine, precision, scratch)(photos(0)).shape == (0, 5)


def test_wrong_photos_are_refused(net, scratch):
    run = opened(net, "torch", "fp32", scratch)
    with pytest.raises(ValueError, match="not uint8"):
        run(photos(2).astype(np.float32))
    with pytest.raises(ValueError, match=r"\(2, 32, 32, 3\)"):
        run(photos(2, size=32))


def test_a_graph_is_exported_once_per_weights_and_size(net, tmp_path, monkeypatch):
    calls = []
    real = export._export
    monkeypatch.setattr(export, "_export", lambda *args, **kw: calls.append(args) or real(*args, **kw))
    first = export.exported(net, SIZE, BATCH, tmp_path)
    assert export.exported(net, SIZE, BATCH * 2, tmp_path) == first  # the batch is free
    assert len(calls) == 1
    before = net.head.bias.detach().clone()
    try:
        with torch.no_grad():
            net.head.bias[0] += 1e-6
        assert export.graph_digest(net, SIZE) != first.stem
    finally:
        with torch.no_grad():
            net.head.bias.copy_(before)
    assert export.graph_digest(net, SIZE) == first.stem
    assert export.graph_digest(net, SIZE + 2) != first.stem
    assert os.listdir(tmp_path) == [first.name]  # no temporary file stays


def test_export_leaves_the_module_as_it_was(net, tmp_path):
    net.train()
    net.backbone.bn1.eval()  # as where batch norms are frozen
    try:
        state = {name: tensor.clone() for name, tensor in net.state_dict().items()}
        export.exported(net, SIZE, BATCH, tmp_path)
        assert net.training
        assert net.backbone.training
        assert not net.backbone.bn1.training
        assert all(torch.equal(tensor, state[name]) for name, tensor in net.state_dict().items())
        assert all(p.requires_grad for p in net.parameters())
    finally:
        net.eval()


def test_export_works_inside_inference_mode(net, tmp_path):
    with torch.inference_mode():
        assert export.exported(net, SIZE, BATCH, tmp_path).is_file()


class FixedBatch(torch.nn.Module):
    """A network whose trace holds the batch that it was traced with."""

    def __init__(self):
        super().__init__()
        self.head = torch.nn.Linear(3, 4)

    def forward(self, given):
        means = given.float().mean((1, 2))
        return self.head(means) + torch.arange(len(given)).float()[:, None] * 0


def test_a_network_with_a_fixed_batch_is_exported_for_it(tmp_path):
    torch.manual_seed(0)
    module = FixedBatch()
    path = export.exported(module, 16, 3, tmp_path)
    assert path.stem.endswith("-3")
    for name in ("onnxruntime", "openvino"):
        run = opened(module, name, "fp32", tmp_path, batch=3, size=16)
        given = photos(7, size=16)
        np.testing.assert_allclose(run(given), eager(module, given), rtol=1e-4, atol=1e-3)


class Unexportable(torch.nn.Module):
    """Uses what ONNX has no operator for."""

    def __init__(self):
        super().__init__()
        self.head = torch.nn.Linear(3, 4)

    def forward(self, given):
        means = given.float().mean((1, 2))
        return self.head(means) * torch.linalg.eigvalsh(means.T @ means).sum()


def test_a_network_that_cannot_be_exported_is_an_error_that_names_torch(tmp_path):
    with pytest.raises(EngineError, match="take the engine torch"):
        export.exported(Unexportable(), 16, 2, tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_engine_that_is_not_installed_is_named_with_the_command(monkeypatch):
    monkeypatch.setattr(engine_module, "installed", lambda name: name != "openvino")
    with pytest.raises(RecipeError, match=r"openvino is not installed: `pip install 'thresher\[openvino\]'`"):
        check_engine("openvino", "fp32")
    with pytest.raises(RecipeError, match="did you mean 'openvino'"):
        check_engine("openvin", "fp32")
    with pytest.raises(RecipeError, match="onnxruntime runs fp32"):
        check_engine("onnxruntime", "bf16")


def test_engines_open_each_size_once(net, scratch):
    engines = Engines(net, engine="torch", precision="fp32", batch_size=BATCH, device="cpu", scratch=scratch)
    assert engines(64) is engines(64)
    assert engines(96).size == 96
    assert engine_for(engines, 96) is engines(96)
    assert engine_for(engines(64), 64) is engines(64)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_torch_on_a_gpu_agrees(precision, scratch):
    model = built("mobilenetv3_small_050")
    wanted = eager(model, photos(20))
    answer = open_engine(model, SIZE, "torch", precision, BATCH, "cuda", scratch)(photos(20))
    np.testing.assert_allclose(answer, wanted, atol=1e-3 if precision == "fp32" else 0.1)
