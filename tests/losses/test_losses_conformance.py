"""Laws that every registered loss obeys; a loss that joins the registry is tested without another line."""

import copy
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from loss_cases import CASES
from torch import nn

from thresher import losses, registry
from thresher.losses.base import Loss
from thresher.registry import Part

WIDTH = 5


@dataclass(frozen=True)
class Photos:
    """A batch: logits (N, K), targets (N,) or (N, K), features (N, D), the teacher's probabilities (N, K)."""

    logits: torch.Tensor
    targets: torch.Tensor
    features: torch.Tensor
    teacher: torch.Tensor

    def __getitem__(self, rows):
        return Photos(self.logits[rows], self.targets[rows], self.features[rows], self.teacher[rows])

    def soft(self):
        return replace(self, targets=torch.eye(self.logits.shape[1], dtype=torch.float64)[self.targets])

    def leaf(self):
        """With new logits and features that collect gradients."""
        return replace(
            self,
            logits=self.logits.detach().clone().requires_grad_(),
            features=self.features.detach().clone().requires_grad_(),
        )


def batch(photos=6, classes=4, seed=0, dtype=torch.float64):
    rng = np.random.default_rng(seed)
    made = (
        rng.normal(0, 2, (photos, classes)),
        rng.integers(0, classes, photos),
        rng.normal(0, 1, (photos, WIDTH)),
        rng.dirichlet(np.ones(classes), photos),
    )
    logits, targets, features, teacher = map(torch.from_numpy, made)
    return Photos(logits.to(dtype), targets, features.to(dtype), teacher.to(dtype))


def soft_batch(photos=6, classes=4, seed=0):
    rng = np.random.default_rng(seed + 1)
    return replace(
        batch(photos, classes, seed), targets=torch.from_numpy(rng.dirichlet(np.ones(classes), photos))
    )


def batches(loss, *size):
    """With hard targets and, where the loss takes them, soft ones."""
    return [batch(*size)] if loss.index_only else [batch(*size), soft_batch(*size)]


def standing(loss, photos):
    """A copy as it is half-way through a stage, not learning: in the same state at every call."""
    loss = copy.deepcopy(loss)
    loss.at(0.5)
    if loss.needs_features:
        before = batch(20, photos.logits.shape[1], 9, photos.features.dtype)
        given(loss, before)
    return loss.eval()


def value(loss, photos, **weights):
    return given(standing(loss, photos), photos, **weights)


def given(loss, photos, **weights):
    """The loss of the photos, with whatever else it asks for."""
    return loss(photos.logits, photos.targets, **weights, **helpers(loss, photos))


def helpers(loss, photos):
    more = {}
    if loss.needs_features:
        torch.manual_seed(4)
        kind, size = (loss.heads or ("linear",))[-1], (WIDTH, photos.logits.shape[1])
        head = registry.family("heads").build(kind, {}, *size).eval()
        more |= {"features": photos.features, "head": head}
    if loss.needs_teacher:
        more["teacher"] = photos.teacher
    return more


def slopes(loss, photos, **weights):
    """The value, and its gradients at logits and features as one row of numbers."""
    photos = photos.leaf()
    found = value(loss, photos, **weights)
    found.backward()
    both = [one.grad for one in (photos.logits, photos.features) if one.grad is not None]
    return found.detach(), torch.cat([gradient.flatten() for gradient in both])


def law_index_and_one_hot_agree(loss):
    photos = batch()
    if loss.index_only:
        with pytest.raises(ValueError, match="mixing"):
            value(loss, photos.soft())
        return
    class_weight, weight = torch.tensor([1.0, 3.0, 0.5, 2.0]), torch.arange(1.0, 7.0)
    for extra in ({}, {"weight": weight}, {"class_weight": class_weight}):
        hard, soft = (slopes(loss, one, **extra) for one in (photos, photos.soft()))
        torch.testing.assert_close(hard, soft)


def law_gradients_are_those_of_finite_differences(loss):
    for photos in batches(loss, 4, 3):
        weight = torch.tensor([1.0, 2.0, 0.5, 1.5], dtype=torch.float64)
        photos, still = photos.leaf(), standing(loss, photos)

        inputs = {"logits": photos.logits} | ({"features": photos.features} if loss.needs_features else {})

        def of(*tensors, names=tuple(inputs), still=still, photos=photos, weight=weight):
            changed = replace(photos, **dict(zip(names, tensors, strict=True)))
            return given(still, changed, weight=weight)

        assert torch.autograd.gradcheck(of, tuple(inputs.values()))
        assert slopes(loss, photos)[1].any()


def law_the_gradient_reaches_what_the_loss_says(loss):
    photos = batch().leaf()
    value(loss, photos).backward()
    assert loss.trains_head == (photos.logits.grad is not None and bool(photos.logits.grad.any()))


def law_one_photo_is_a_batch(loss):
    photos = batch()
    each = torch.stack([value(loss, photos[i : i + 1]) for i in range(len(photos.logits))])
    assert torch.isfinite(each).all()
    if not loss.of_batch:
        torch.testing.assert_close(each.mean(), value(loss, photos))


def law_two_classes_and_thousands(loss):
    for classes in (2, 4251):
        found, gradient = slopes(loss, batch(5, classes, dtype=torch.float32))
        assert found.shape == ()
        assert found.dtype == torch.float32
        assert torch.isfinite(found)
        assert torch.isfinite(gradient).all()


def law_weight_two_is_the_photo_twice(loss):
    twice, weight = [0, 1, 1, 2, 3, 3, 4, 5], torch.tensor([1, 2, 1, 2, 1, 1])
    for photos in batches(loss):
        near = replace(photos, features=1 + 0.01 * photos.features)
        pairs = [(value(loss, one, weight=weight), value(loss, one[twice])) for one in (photos, near)]
        if loss.not_twice:
            assert any(abs(a - b) > 1e-6 for a, b in pairs), "the loss says that this fails, but it holds"
        else:
            torch.testing.assert_close(*zip(*pairs, strict=True))


def law_only_the_ratio_of_weights_counts(loss):
    for photos in batches(loss):
        weight = torch.tensor([1.0, 2.0, 1.0, 0.5, 3.0, 1.0])
        found = value(loss, photos, weight=weight)
        torch.testing.assert_close(found, value(loss, photos, weight=7 * weight))
        assert abs(found - value(loss, photos)) > 1e-6
        torch.testing.assert_close(value(loss, photos), value(loss, photos, weight=torch.full((6,), 3)))


def law_class_weights_weigh_the_photos_of_a_class(loss):
    photos = batch()
    class_weight = np.array([0.5, 2.0, 1.0, 4.0])
    weight = class_weight[photos.targets.numpy()]
    found = value(loss, photos, class_weight=torch.from_numpy(class_weight))
    torch.testing.assert_close(found, value(loss, photos, weight=torch.from_numpy(weight)))
    if not loss.of_batch:
        each = [value(loss, photos[i : i + 1]).item() for i in range(len(weight))]
        assert found.item() == pytest.approx(np.average(each, weights=weight))


def law_a_target_that_sums_to_s_counts_s_times(loss):
    if loss.index_only:
        return
    photos = soft_batch()
    scale = np.array([1.0, 0.5, 1.7, 0.2, 1.0, 0.9])
    column = torch.from_numpy(scale)[:, None]
    scaled = replace(photos, targets=photos.targets * column, teacher=photos.teacher * column)
    found = value(loss, scaled)
    ones = torch.ones(4)
    torch.testing.assert_close(value(loss, scaled, class_weight=ones), found)
    if not loss.of_batch:
        each = np.array([value(loss, photos[i : i + 1]).item() for i in range(len(scale))])
        assert found.item() == pytest.approx(np.mean(each * scale))


def law_large_bf16_logits_stay_finite(loss):
    rows = [[100, -100, 0], [100, -100, 0], [-100, -100, 100]]
    logits = torch.tensor(rows, dtype=torch.bfloat16)
    features = torch.tensor([[*row, 0, 100] for row in rows], dtype=torch.bfloat16)
    soft = [] if loss.index_only else [torch.eye(3), torch.full((3, 3), 1 / 3)]
    for targets in [torch.tensor([0, 1, 2]), *soft]:
        found, gradient = slopes(loss, Photos(logits, targets, features, torch.eye(3)))
        assert found.dtype == torch.float32
        assert torch.isfinite(found)
        assert torch.isfinite(gradient).all()


def law_logits_that_are_all_zero_can_learn(loss):
    photos = batch()
    photos = replace(photos, logits=torch.zeros(6, 4), features=torch.ones(6, WIDTH))
    found, gradient = slopes(loss, photos)
    assert torch.isfinite(found)
    assert gradient.abs().max() < 1e4
    if loss.trains_head:
        assert gradient.any()


def law_autocast_changes_nothing(loss):
    photos = batch(dtype=torch.float32)
    class_weight = torch.tensor([1.0, 1.003, 0.501, 1.7])
    with torch.autocast("cpu", torch.bfloat16):
        found = value(loss, photos, class_weight=class_weight)
    torch.testing.assert_close(found, value(loss, photos, class_weight=class_weight), rtol=1e-6, atol=0)


def law_the_order_of_photos_does_not_matter(loss):
    photos = batch()
    torch.testing.assert_close(value(loss, photos[torch.arange(5, -1, -1)]), value(loss, photos))


def law_the_same_seed_gives_the_same_bits(loss):
    found = []
    for _ in range(2):
        torch.manual_seed(7)
        learning, photos = copy.deepcopy(loss).train(), batch()
        learning.at(0.3)
        for _ in range(3):
            last = given(learning, photos)
        found.append(last)
    assert torch.equal(*found)


def law_its_state_is_all_that_it_remembers(loss):
    photos, learned, fresh = batch(), copy.deepcopy(loss), copy.deepcopy(loss)
    given(learned, photos)
    fresh.load_state_dict(learned.state_dict())
    found = []
    for one in (learned, fresh):
        one.at(0.9)
        found.append(given(one.eval(), batch(seed=2)))
    assert torch.equal(*found)


def law_what_it_is_given_stays_as_it_was(loss):
    for photos in batches(loss):
        before = copy.deepcopy(photos)
        value(loss, photos, weight=torch.ones(6), class_weight=torch.ones(4))
        for name in ("logits", "targets", "features", "teacher"):
            assert torch.equal(getattr(photos, name), getattr(before, name))


def law_its_descent_ends_at_the_targets(loss):
    """From level logits; a loss of features brings those of a class together."""
    photos = batch(8, 4, seed=3).leaf()
    photos = replace(photos, teacher=0.7 * photos.soft().targets + 0.3 / 4)
    photos.logits.data.zero_()
    still = standing(loss, photos)
    start = given(still, photos)
    descent = torch.optim.Adam([photos.logits, photos.features], lr=0.2)
    for _ in range(40):
        descent.zero_grad()
        given(still, photos).backward()
        descent.step()
    assert given(still, photos) < start
    if loss.trains_head:
        assert torch.equal(photos.logits.argmax(1), photos.targets)
    if not loss.trains_head:
        distance = torch.cdist(*[nn.functional.normalize(photos.features.detach())] * 2)
        same = photos.targets[:, None] == photos.targets
        for row, alike in zip(distance, same, strict=True):
            assert row[alike].max() < row[~alike].min()


LAWS = [law for name, law in sorted(globals().items()) if name.startswith("law_")]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__.removeprefix("law_"))
@pytest.mark.parametrize(("name", "settings"), CASES)
def test_law(name, settings, law):
    law(losses.REGISTRY.build(name, settings))


@pytest.mark.parametrize("part", losses.list_losses(), ids=lambda part: part.name)
def test_every_part_has_a_source_and_a_file_of_its_own(part):
    assert part.paper
    assert part.where.split(":")[0] == f"thresher.losses.{part.name}"
    assert part.load().__module__ == f"thresher.losses.{part.name}"


class Brier(Loss):
    """A right loss."""

    def per_photo(self, logits, targets):
        return (logits.softmax(1) - targets).square().sum(1)


class Careless(Brier):
    """Forgets weights and the softness of targets."""

    def forward(self, logits, targets, class_weight=None, weight=None):
        return self.per_photo(logits, (targets > 0.5).to(logits.dtype)).mean()


class Cut(Brier):
    """Its gradient is not its own, and its floating type neither."""

    def forward(self, logits, targets, class_weight=None, weight=None):
        value = super().forward(logits.detach(), targets, class_weight, weight)
        return value.double() + 0 * logits.sum()


class Coarse(Loss):
    """Works in half precision under autocast, overflows, writes into its targets and minds the order."""

    def forward(self, logits, targets, class_weight=None, weight=None):
        if targets.ndim == 2:
            targets[0] = 0
        scores = logits.exp() @ torch.eye(logits.shape[1], dtype=logits.dtype)
        return (scores * torch.arange(len(scores))[:, None]).sum() / scores.sum()


class Moody(Brier):
    """Remembers what it does not save, draws from a generator of its own, and prefers what is wrong."""

    def __init__(self):
        super().__init__()
        self.seen = 0

    def forward(self, logits, targets, class_weight=None, weight=None):
        self.seen += 1
        noise = float(np.random.default_rng().normal())
        return super().forward(-logits, targets, class_weight, weight) * (self.seen + noise)


class Steep(Loss):
    """Has no slope at level logits, or none that is finite; scales with the weights."""

    def per_photo(self, logits, targets):
        return ((logits - logits.mean(1, keepdim=True)).square().sum(1)).sqrt()

    def forward(self, logits, targets, class_weight=None, weight=None):
        scale = 1 if weight is None else weight.sum()
        return super().forward(logits, targets, class_weight, weight) * scale


WRONG = (Careless, Cut, Coarse, Moody, Steep)


def broken_laws(name):
    broken = set()
    for law in LAWS:
        try:
            law(losses.REGISTRY.build(name))
        except (Exception, pytest.fail.Exception):
            broken.add(law)
    return broken


def test_a_new_part_is_held_to_the_laws_and_a_wrong_one_is_caught(monkeypatch):
    monkeypatch.setattr(losses.REGISTRY, "parts", dict(losses.REGISTRY.parts))
    for kind in (Brier, *WRONG):
        monkeypatch.setattr(losses, kind.__name__, kind, raising=False)
        losses.REGISTRY.add(Part(kind.__name__, f"thresher.losses:{kind.__name__}", "of a test"))
    assert {"Brier", "Careless"} <= {part.name for part in losses.list_losses()}
    for law in LAWS:
        law(losses.REGISTRY.build("Brier"))
    broken = {kind: broken_laws(kind.__name__) for kind in WRONG}
    assert {law_weight_two_is_the_photo_twice, law_index_and_one_hot_agree} <= broken[Careless]
    assert {law_gradients_are_those_of_finite_differences, law_two_classes_and_thousands} <= broken[Cut]
    assert set().union(*broken.values()) == set(LAWS), "a law that no wrong loss breaks proves nothing"
