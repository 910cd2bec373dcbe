"""The table of small sisters, by timm itself."""

import pytest
import timm

from thresher.models.aliases import real_name
from thresher.models.build import create_backbone
from thresher.recipe.loader import load
from thresher.recipe.presets import list_presets
from thresher.recipe.sisters import BUNDLED, PRETRAINED, SISTERS, sister_of

USED = sorted(
    {
        model.backbone
        for info in list_presets()
        if info.source
        for model in load(info.name).models.values()
        if not model.backbone.startswith(BUNDLED)
    }
)


def built(name, size):
    import torch

    with torch.device("meta"):  # shapes alone
        return create_backbone(name, size)


def weight(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("backbone", USED)
def test_every_backbone_of_a_system_has_a_small_sister_of_its_class(backbone):
    sister = sister_of(backbone)
    small, large = built(sister.backbone, sister.side), built(backbone, 224)
    assert type(small) is type(large)
    assert weight(small) <= weight(large)
    assert sister_of(sister.backbone) == sister  # shrunk again it stays


def test_sisters_are_timm_names_and_see_photos_of_their_size():
    import torch

    for sister in {*SISTERS.values(), PRETRAINED}:
        assert timm.is_model(real_name(sister.backbone)), sister
        features = create_backbone(sister.backbone, sister.side)(torch.zeros(2, 3, sister.side, sister.side))
        assert features.shape[0] == 2
        assert torch.isfinite(features).all()


def test_unknown_families_have_none():
    assert sister_of("coatnet_0_rw_224") is None
