"""Every registered optimizer: it converges, it continues from its state; SGD and AdamW against references."""

import io

import numpy as np
import pytest
import torch

from thresher.errors import RecipeError
from thresher.optim import REGISTRY, list_optimizers

NAMES = [part.name for part in list_optimizers()]


def problem(seed=0):
    """Least squares: features (60, 5), targets (60, 2), the solution (5, 2)."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(60, 5)).astype(np.float32)
    targets = features @ rng.normal(size=(5, 2)).astype(np.float32) + 0.1 * rng.normal(size=(60, 2)).astype(
        np.float32
    )
    return (
        torch.from_numpy(features),
        torch.from_numpy(targets),
        np.linalg.lstsq(features, targets, rcond=None)[0],
    )


def start():
    return torch.nn.Parameter(torch.full((5, 2), 0.5))


def group(weight, lr=0.05, decay=0.0):
    return [{"params": [weight], "lr": lr, "weight_decay": decay}]


def walk(weight, optimizer, steps, first=0):
    features, targets, _ = problem()
    for step in range(first, first + steps):
        rows = slice(20 * (step % 3), 20 * (step % 3) + 20)
        optimizer.zero_grad()
        (features[rows] @ weight - targets[rows]).square().mean().backward()
        optimizer.step()


@pytest.mark.parametrize("name", NAMES)
def test_it_finds_the_bottom_of_a_bowl(name):
    features, targets, solution = problem()
    weight = start()
    optimizer = REGISTRY.build(name, {"weight_decay": 0.0}, group(weight))
    for step in range(600):
        optimizer.param_groups[0]["lr"] = 0.1 * (1 - step / 600)
        optimizer.zero_grad()
        (features @ weight - targets).square().mean().backward()
        optimizer.step()
    np.testing.assert_allclose(weight.detach().numpy(), solution, atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_it_continues_from_its_state_bit_for_bit(name):
    through = start()
    walk(through, REGISTRY.build(name, {}, group(through, decay=0.01)), 20)
    first = start()
    optimizer = REGISTRY.build(name, {}, group(first, decay=0.01))
    walk(first, optimizer, 8)
    buffer = io.BytesIO()
    torch.save(optimizer.state_dict(), buffer)
    second = torch.nn.Parameter(first.detach().clone())
    again = REGISTRY.build(name, {}, group(second, decay=0.01))
    buffer.seek(0)
    again.load_state_dict(torch.load(buffer, weights_only=True))
    walk(second, again, 12, first=8)
    assert torch.equal(second, through)


@pytest.mark.parametrize("settings", [{}, {"momentum": 0.5, "nesterov": False}, {"momentum": 0.0}])
def test_sgd_is_that_of_pytorch(settings):
    ours, theirs = start(), start()
    walk(ours, REGISTRY.build("sgd", settings, group(ours, decay=0.01)), 30)
    momentum = settings.get("momentum", 0.9)
    nesterov = settings.get("nesterov", True) and momentum > 0
    plain = torch.optim.SGD(
        [theirs], lr=0.05, weight_decay=0.01, momentum=momentum, nesterov=nesterov, foreach=False
    )
    walk(theirs, plain, 30)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def test_adamw_is_the_formula_of_its_paper():
    ours = start()
    walk(ours, REGISTRY.build("adamw", {"beta1": 0.8, "beta2": 0.95}, group(ours, lr=0.02, decay=0.1)), 30)
    features, targets, _ = (np.asarray(part, dtype=np.float64) for part in problem())
    weight, mean, square = np.full((5, 2), 0.5), np.zeros((5, 2)), np.zeros((5, 2))
    for step in range(30):
        rows = slice(20 * (step % 3), 20 * (step % 3) + 20)
        gradient = 2 * features[rows].T @ (features[rows] @ weight - targets[rows]) / 40
        mean = 0.8 * mean + 0.2 * gradient
        square = 0.95 * square + 0.05 * gradient**2
        corrected = mean / (1 - 0.8 ** (step + 1)), square / (1 - 0.95 ** (step + 1))
        weight = weight - 0.02 * 0.1 * weight - 0.02 * corrected[0] / (np.sqrt(corrected[1]) + 1e-8)
    np.testing.assert_allclose(ours.detach().numpy(), weight, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_groups_keep_their_own_rate_and_decay(name):
    fast, slow = start(), start()
    groups = [*group(fast, lr=0.1), {"params": [slow], "lr": 0.0, "weight_decay": 0.5}]
    optimizer = REGISTRY.build(name, {"lr": 1.0, "weight_decay": 0.3}, groups)
    (fast.sum() + slow.sum()).backward()
    optimizer.step()
    assert [part["weight_decay"] for part in optimizer.param_groups] == [0.0, 0.5]
    assert torch.equal(slow, start())
    assert not torch.equal(fast, start())


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("adamw", {"lr": 0}),
        ("adamw", {"lr": float("nan")}),
        ("adamw", {"weight_decay": -1}),
        ("adamw", {"beta1": 1.0}),
        ("adamw", {"beta2": 2}),
        ("sgd", {"momentum": 1.0}),
        ("sgd", {"momentum": -0.1}),
        ("sgd", {"groups": []}),
    ],
)
def test_settings_out_of_range_are_refused_before_pytorch_sees_them(name, settings):
    with pytest.raises(RecipeError, match=next(iter(settings))):
        REGISTRY.check(name, settings)
