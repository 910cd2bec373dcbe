"""Laws that every registered loss obeys; a loss that joins the registry is tested without another line."""

import numpy as np
import pytest
import torch

from thresher import losses
from thresher.losses.base import Loss
from thresher.registry import Part


def batch(photos=6, classes=4, seed=0, dtype=torch.float64):
    rng = np.random.default_rng(seed)
    logits = torch.from_numpy(rng.normal(0, 2, (photos, classes))).to(dtype)
    return logits, torch.from_numpy(rng.integers(0, classes, photos))


def soft_batch(photos=6, classes=4, seed=0):
    logits, _ = batch(photos, classes, seed)
    rng = np.random.default_rng(seed + 1)
    return logits, torch.from_numpy(rng.dirichlet(np.ones(classes), photos))


def law_index_and_one_hot_agree(loss):
    logits, targets = batch()
    soft = torch.from_numpy(np.eye(4)[targets.numpy()])
    class_weight, weight = torch.tensor([1.0, 3.0, 0.5, 2.0]), torch.arange(1.0, 7.0)
    for extra in ({}, {"weight": weight}, {"class_weight": class_weight}):
        torch.testing.assert_close(loss(logits, targets, **extra), loss(logits, soft, **extra))


def law_gradients_are_those_of_finite_differences(loss):
    for logits, targets in (batch(3, 3), soft_batch(3, 3)):
        weight = torch.tensor([1.0, 2.0, 0.5], dtype=torch.float64)
        assert torch.autograd.gradcheck(
            lambda x, t=targets, w=weight: loss(x, t, weight=w), logits.requires_grad_()
        )


def law_one_photo_is_a_batch(loss):
    logits, targets = batch()
    each = torch.stack([loss(logits[i : i + 1], targets[i : i + 1]) for i in range(len(logits))])
    torch.testing.assert_close(each.mean(), loss(logits, targets))


def law_two_classes_and_thousands(loss):
    for classes in (2, 4251):
        logits, targets = batch(5, classes, dtype=torch.float32)
        value = loss(logits.requires_grad_(), targets)
        value.backward()
        assert value.shape == ()
        assert torch.isfinite(value)
        assert torch.isfinite(logits.grad).all()


def law_weight_two_is_the_photo_twice(loss):
    for logits, targets in (batch(), soft_batch()):
        twice = [0, 1, 1, 2, 3, 3, 4, 5]
        weight = torch.tensor([1, 2, 1, 2, 1, 1])
        torch.testing.assert_close(loss(logits, targets, weight=weight), loss(logits[twice], targets[twice]))


def law_class_weights_weigh_the_photos_of_a_class(loss):
    logits, targets = batch()
    class_weight = np.array([0.5, 2.0, 1.0, 4.0])
    each = np.array([float(loss(logits[i : i + 1], targets[i : i + 1])) for i in range(len(logits))])
    wanted = np.average(each, weights=class_weight[targets.numpy()])
    assert float(loss(logits, targets, class_weight=torch.from_numpy(class_weight))) == pytest.approx(wanted)


def law_large_bf16_logits_stay_finite(loss):
    for targets in (torch.tensor([0, 1, 2]), torch.eye(3), torch.full((3, 3), 1 / 3)):
        logits = torch.tensor([[100, -100, 0], [100, -100, 0], [-100, -100, 100]], dtype=torch.bfloat16)
        value = loss(logits.requires_grad_(), targets)
        value.backward()
        assert value.dtype == torch.float32
        assert torch.isfinite(value)
        assert torch.isfinite(logits.grad).all()


def law_the_order_of_photos_does_not_matter(loss):
    logits, targets = batch()
    torch.testing.assert_close(loss(logits.flip(0), targets.flip(0)), loss(logits, targets))


LAWS = [value for name, value in sorted(globals().items()) if name.startswith("law_")]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__.removeprefix("law_"))
@pytest.mark.parametrize("name", [part.name for part in losses.list_losses()])
def test_law(name, law):
    law(losses.REGISTRY.build(name))


class Brier(Loss):
    """A right loss."""

    def per_photo(self, logits, targets):
        return (logits.softmax(1) - targets).square().sum(1)


class Careless(Brier):
    """Forgets weights and the softness of targets."""

    def forward(self, logits, targets, class_weight=None, weight=None):
        return self.per_photo(logits, (targets > 0.5).to(logits.dtype)).mean()


def test_a_new_part_is_held_to_the_laws_and_a_wrong_one_is_caught(monkeypatch):
    monkeypatch.setattr(losses.REGISTRY, "parts", dict(losses.REGISTRY.parts))
    for kind in (Brier, Careless):
        monkeypatch.setattr(losses, kind.__name__, kind, raising=False)
        losses.REGISTRY.add(Part(kind.__name__, f"thresher.losses:{kind.__name__}", "of a test"))
    assert {"Brier", "Careless"} <= {part.name for part in losses.list_losses()}
    for law in LAWS:
        law(losses.REGISTRY.build("Brier"))
    broken = []
    for law in LAWS:
        try:
            law(losses.REGISTRY.build("Careless"))
        except Exception:
            broken.append(law)
    assert {law_weight_two_is_the_photo_twice, law_index_and_one_hot_agree} <= set(broken)
