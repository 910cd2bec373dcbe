"""Schedules against closed forms in plain mathematics and against PyTorch's."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from thresher.errors import RecipeError
from thresher.schedules import REGISTRY, list_schedules

NAMES = [part.name for part in list_schedules()]
WARMUPS, STEPS = (0.0, 0.05, 0.1, 0.33, 0.9), (1, 2, 3, 10, 97)


def climb(step, warm):
    """The line through 1 at ``step = warm`` that is one rung above 0 at the first step."""
    return (step + 1) / (warm + 1)


@pytest.mark.parametrize("warmup", WARMUPS)
@pytest.mark.parametrize("steps", STEPS)
def test_constant(warmup, steps):
    schedule = REGISTRY.build("constant", {"warmup": warmup})
    for step in range(steps):
        wanted = climb(step, warmup * steps) if step < warmup * steps else 1.0
        assert schedule.factor(step, steps) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("warmup", WARMUPS)
@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("floor", [0.0, 0.2])
def test_cosine(warmup, steps, floor):
    schedule = REGISTRY.build("cosine", {"warmup": warmup, "floor": floor})
    warm = warmup * steps
    for step in range(steps):
        angle = math.pi * (step - warm) / (steps - warm)
        wanted = climb(step, warm) if step < warm else (1 + floor) / 2 + (1 - floor) / 2 * math.cos(angle)
        assert schedule.factor(step, steps) == pytest.approx(wanted, abs=1e-12)


def test_cosine_is_that_of_pytorch():
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=50, eta_min=0.1)
    schedule = REGISTRY.build("cosine", {"floor": 0.1})
    for step in range(50):
        assert schedule.factor(step, 50) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-9)
        optimizer.step()
        theirs.step()


@pytest.mark.parametrize("name", NAMES)
@given(warmup=st.floats(0, 0.99), steps=st.integers(1, 300))
def test_every_schedule_climbs_steadily_to_at_most_one(name, warmup, steps):
    schedule = REGISTRY.build(name, {"warmup": warmup})
    shares = [schedule.factor(step, steps) for step in range(steps)]
    assert all(0 <= share <= 1 for share in shares)
    assert shares[0] > 0
    warm = warmup * steps
    climbing = [share for step, share in enumerate(shares) if step < warm]
    assert climbing == sorted(climbing)
    # No jump where the climb ends: no rise is higher than a rung of it.
    rung = 1 / (warm + 1)
    assert all(b - a <= rung + 1e-9 for a, b in zip([0.0, *shares], shares, strict=False))


@pytest.mark.parametrize("name", NAMES)
def test_a_schedule_depends_on_the_step_alone(name):
    schedule = REGISTRY.build(name, {"warmup": 0.2})
    forwards = [schedule.factor(step, 30) for step in range(30)]
    assert [schedule.factor(step, 30) for step in reversed(range(30))] == forwards[::-1]


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("cosine", {"warmup": 1.0}),
        ("cosine", {"floor": 1.5}),
        ("constant", {"warmup": -0.1}),
        ("constant", {"floor": 0}),
    ],
)
def test_settings_out_of_range_are_refused(name, settings):
    with pytest.raises(RecipeError, match=next(iter(settings))):
        REGISTRY.build(name, settings)
