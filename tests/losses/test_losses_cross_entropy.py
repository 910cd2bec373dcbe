"""Cross-entropy against PyTorch's own and against the formula written out."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from thresher.errors import RecipeError
from thresher.losses import REGISTRY

RNG = np.random.default_rng(3)
LOGITS = torch.from_numpy(RNG.normal(0, 3, (40, 7)))
TARGETS = torch.from_numpy(RNG.integers(0, 7, 40))
SOFT = torch.from_numpy(RNG.dirichlet(np.ones(7), 40))


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
@pytest.mark.parametrize("targets", [TARGETS, SOFT], ids=["index", "soft"])
def test_smoothing_is_that_of_pytorch(smoothing, targets):
    loss = REGISTRY.build("cross_entropy", {"smoothing": smoothing})
    wanted = functional.cross_entropy(LOGITS, targets, label_smoothing=smoothing)
    torch.testing.assert_close(loss(LOGITS, targets), wanted)


def test_class_weights_are_those_of_pytorch():
    weight = torch.from_numpy(RNG.uniform(0.1, 5, 7))
    wanted = torch.nn.CrossEntropyLoss(weight=weight)(LOGITS, TARGETS)
    torch.testing.assert_close(REGISTRY.build("cross_entropy")(LOGITS, TARGETS, class_weight=weight), wanted)


@pytest.mark.parametrize("classes", [2, 7])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_smoothing_over_the_other_classes(classes, smoothing):
    logits, targets = LOGITS[:, :classes].numpy(), TARGETS.numpy() % classes
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    total = 0.0
    for row, target in zip(probabilities, targets, strict=True):
        others = sum(np.log(row[k]) for k in range(classes) if k != target)
        total -= (1 - smoothing) * np.log(row[target]) + smoothing / (classes - 1) * others
    loss = REGISTRY.build("cross_entropy", {"smoothing": smoothing, "spread": "others"})
    value = float(loss(torch.from_numpy(logits), torch.from_numpy(targets)))
    assert value == pytest.approx(total / len(targets), rel=1e-12)


def test_a_soft_target_smoothed_over_the_others_is_still_a_distribution():
    loss = REGISTRY.build("cross_entropy", {"smoothing": 0.3, "spread": "others"})
    level = torch.zeros(40, 7, dtype=torch.float64)  # every class has log p = -log 7, whatever the target
    assert float(loss(level, SOFT)) == pytest.approx(np.log(7))


@pytest.mark.parametrize("settings", [{"smoothing": 1.0}, {"smoothing": -0.1}, {"spread": "some"}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(RecipeError, match=next(iter(settings))):
        REGISTRY.build("cross_entropy", settings)
