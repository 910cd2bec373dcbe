"""Averages of the weights against a plain account of the same steps in NumPy."""

import io

import numpy as np
import pytest
import torch
from training_kit import tiny_model

from thresher.errors import RecipeError
from thresher.training.averaging import REGISTRY, list_averagings

NAMES = [part.name for part in list_averagings()]
EPOCHS, STEPS = 4, 5


def numbers(model):
    """All floating-point state as float64 NumPy arrays."""
    state = model.state_dict()
    return {
        name: tensor.numpy().astype(np.float64)
        for name, tensor in state.items()
        if tensor.is_floating_point()
    }


def step(model, rng):
    """Stands for an optimizer step: weights and running statistics move."""
    with torch.no_grad():
        for tensor in model.state_dict().values():
            if tensor.is_floating_point():
                tensor += torch.from_numpy(rng.normal(0, 0.1, tensor.shape)).float()
            else:
                tensor += 1


def walk(model, average, seed=0, epochs=range(EPOCHS), account=None):
    """Calls the hooks as the loop does; ``account(event, numbers)`` sees what they see."""
    for epoch in epochs:
        rng = np.random.default_rng([seed, epoch])
        for _ in range(STEPS):
            step(model, rng)
            average.after_step()
            if account:
                account("step", numbers(model))
        average.after_epoch(epoch)
        if account:
            account("epoch", numbers(model))


def averaged(model, average):
    average.swap()
    found = numbers(model)
    average.swap()
    return found


def close(found, wanted):
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("decay", [0.3, 0.9, 0.999])
def test_ema(decay):
    model = tiny_model()
    average = REGISTRY.build("ema", {"decay": decay}, model)
    wanted, count = numbers(model), 0

    def account(event, current):
        nonlocal wanted, count
        if event == "step":
            count += 1
            kept = min(decay, (1 + count) / (10 + count))
            wanted = {name: kept * wanted[name] + (1 - kept) * current[name] for name in wanted}

    walk(model, average, account=account)
    close(averaged(model, average), wanted)


@pytest.mark.parametrize("start", [1, 3, EPOCHS, EPOCHS + 1])
def test_swa(start):
    model = tiny_model()
    average = REGISTRY.build("swa", {"start": start}, model)
    ends = []
    walk(model, average, account=lambda event, current: ends.append(current) if event == "epoch" else None)
    late = ends[start - 1 :] or ends[-1:]  # nothing to average yet: the last weights
    close(averaged(model, average), {name: np.mean([end[name] for end in late], axis=0) for name in late[0]})


def test_none_is_the_last_step():
    model = tiny_model()
    average = REGISTRY.build("none", {}, model)
    walk(model, average)
    close(averaged(model, average), numbers(model))


@pytest.mark.parametrize("name", NAMES)
def test_a_second_swap_takes_the_first_back(name):
    model = tiny_model()
    average = REGISTRY.build(name, {}, model)
    walk(model, average, epochs=range(2))
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    places = {key: tensor.data_ptr() for key, tensor in model.state_dict().items()}
    average.swap()
    changed = any(not torch.equal(tensor, before[key]) for key, tensor in model.state_dict().items())
    assert changed == (name != "none")
    average.swap()
    assert all(torch.equal(tensor, before[key]) for key, tensor in model.state_dict().items())
    assert places == {key: tensor.data_ptr() for key, tensor in model.state_dict().items()}  # in place
    # Watching in between does not disturb the average.
    walk(model, average, epochs=range(2, EPOCHS))
    other = tiny_model()
    undisturbed = REGISTRY.build(name, {}, other)
    walk(other, undisturbed)
    for key, array in averaged(other, undisturbed).items():
        assert np.array_equal(averaged(model, average)[key], array)


@pytest.mark.parametrize("name", NAMES)
def test_it_continues_from_its_state_to_the_same_bits(name):
    model = tiny_model()
    through = REGISTRY.build(name, {}, model)
    walk(model, through)
    first = tiny_model()
    stopped = REGISTRY.build(name, {}, first)
    walk(first, stopped, epochs=range(2))
    buffer = io.BytesIO()
    torch.save({"model": first.state_dict(), "average": stopped.state()}, buffer)
    buffer.seek(0)
    saved = torch.load(buffer, weights_only=True)
    second = tiny_model(seed=9)
    average = REGISTRY.build(name, {}, second)
    second.load_state_dict(saved["model"])
    average.restore(saved["average"])
    walk(second, average, epochs=range(2, EPOCHS))
    for key, array in averaged(model, through).items():
        assert np.array_equal(averaged(second, average)[key], array)


@pytest.mark.parametrize(
    ("name", "settings"), [("ema", {"decay": 1.0}), ("ema", {"decay": 0}), ("swa", {"start": 0})]
)
def test_settings_out_of_range_are_refused(name, settings):
    with pytest.raises(RecipeError, match=next(iter(settings))):
        REGISTRY.check(name, settings)
