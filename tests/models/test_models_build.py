"""Models are built as the recipe says; photos go in as they are."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from thresher.errors import RecipeError
from thresher.models.build import build_model
from thresher.models.photo_model import PhotoModel

NET = "mobilenetv3_small_050"


def section(backbone=NET, weights="none", image_size=64):
    return SimpleNamespace(backbone=backbone, weights=weights, image_size=image_size)


def photos(count=2, side=64, seed=0):
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.integers(0, 256, (count, side, side, 3), np.uint8))


@pytest.mark.parametrize(
    ("backbone", "side"),
    [
        (NET, 64),
        ("test_resnet", 65),
        ("test_convnext", 64),
        ("test_vit", 96),
        ("test_vit.r160_in1k", 160),
        ("mobilenetv2_035", 50),
        ("test_efficientnet", 64),
    ],
)
def test_every_kind_of_network_embeds_and_classifies(backbone, side):
    model = build_model(section(backbone, image_size=side), 5)
    assert not model.training
    assert not model.embedder().training
    with torch.no_grad():
        features, logits = model.embed(photos(3, side)), model(photos(3, side))
        assert torch.equal(model.embedder()(photos(3, side)), features)
        torch.testing.assert_close(logits, features @ model.head.weight.T + model.head.bias)
    assert features.shape == (3, model.width)
    assert logits.shape == (3, 5)


def test_normalisation_is_that_of_the_weights():
    for backbone, mean, std in (
        ("tf_efficientnet_lite0", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        ("mobilenetv2_100", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    ):
        model = build_model(section(backbone), 3)
        given = photos()
        wanted = (given.double() / 255 - torch.tensor(mean).double()) / torch.tensor(std).double()
        normalised = model.normalise(given)
        torch.testing.assert_close(normalised.double(), wanted.permute(0, 3, 1, 2), rtol=1e-5, atol=1e-5)
        assert normalised.is_contiguous(memory_format=torch.channels_last)
        torch.testing.assert_close(model.normalise(given.float()), normalised)


def test_weights_lie_in_channels_last():
    model = build_model(section(), 3)
    weights = [m.weight for m in model.modules() if isinstance(m, torch.nn.Conv2d) and m.weight.shape[1] > 1]
    assert weights
    assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in weights)


def test_the_seed_of_the_caller_decides():
    def built(seed):
        torch.manual_seed(seed)
        return build_model(section(), 4).state_dict()

    first, again, other = built(1), built(1), built(2)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["head.weight"], other["head.weight"])
    assert first["head.bias"].abs().max() == 0
    assert 0.01 < first["head.weight"].std() < 0.03


def test_weights_of_the_recipe_are_loaded_unless_a_checkpoint_follows(tmp_path):
    torch.manual_seed(0)
    source = build_model(section(), 2)
    torch.save(source.backbone.state_dict(), tmp_path / "w.pth")
    given = section(weights=str(tmp_path / "w.pth"))
    model = build_model(given, 2)
    assert torch.equal(model.backbone.conv_stem.weight, source.backbone.conv_stem.weight)
    fresh = build_model(given, 2, pretrained=False)
    assert not torch.equal(fresh.backbone.conv_stem.weight, source.backbone.conv_stem.weight)


def test_dropout_and_drop_path_act_in_training_only():
    model = build_model(section("test_vit", image_size=160), 3, dropout=0.5, drop_path=0.3)
    assert isinstance(model, PhotoModel)
    assert model.dropout.p == 0.5
    rates = [m.drop_prob for m in model.modules() if type(m).__name__ == "DropPath"]
    assert max(rates) == pytest.approx(0.3)
    x = photos(4, 160)
    with torch.inference_mode():
        assert torch.equal(model(x), model(x))
        model.train()
        assert not torch.equal(model(x), model(x))


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("tf_eficientnet_lite0", "tf_efficientnet_lite0"),
        ("resnet18.nowhere_in1k", "resnet18.tv_in1k"),
        ("", "timm"),
    ],
)
def test_an_unknown_backbone_is_named_with_the_nearest(name, near):
    with pytest.raises(RecipeError, match=f"no backbone named {name!r}") as caught:
        build_model(section(name), 3)
    assert near in str(caught.value)


def test_a_useless_setting_is_an_error(monkeypatch):
    import timm

    def picky(name, **settings):
        raise TypeError("Net.__init__() got an unexpected keyword argument 'drop_path_rate'")

    monkeypatch.setattr(timm, "create_model", picky)
    with pytest.raises(RecipeError, match=r"drop_path = 0\.1 does not go with the backbone"):
        build_model(section(), 3, drop_path=0.1)


def test_gradients_reach_all_layers_and_batch_one_works():
    model = build_model(section("test_resnet"), 3)
    model.train()
    model(photos(2)).sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    assert model.eval()(photos(1)).shape == (1, 3)
