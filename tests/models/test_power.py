"""Power normalisation: the formula, its laws, and NumPy and PyTorch agreeing."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from thresher.models.power import power

VALUES = [-1e6, -3.0, -0.01, -1e-9, 0.0, 1e-9, 0.01, 0.5, 3.0, 1e6]


@pytest.mark.parametrize("value", VALUES)
def test_formula(value):
    wanted = math.copysign(math.sqrt(abs(value) + 0.01) - 0.1, value)
    assert power(np.array([value]))[0] == pytest.approx(wanted, abs=1e-15)
    assert float(power(torch.tensor([value], dtype=torch.float64))) == pytest.approx(wanted, abs=1e-15)


@given(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=20))
def test_it_is_odd_and_keeps_the_order(values):
    array = np.sort(np.array(values))
    found = power(array)
    np.testing.assert_array_equal(power(-array), -found)
    assert (np.diff(found) >= 0).all()
    assert (np.sign(found) * np.sign(array) >= 0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_type_and_shape_stay(dtype):
    array = np.random.default_rng(0).normal(size=(2, 3, 5)).astype(dtype)
    found = power(array)
    assert found.dtype == dtype
    assert found.shape == array.shape
    tensor = power(torch.from_numpy(array))
    assert tensor.dtype == torch.from_numpy(array).dtype
    np.testing.assert_allclose(tensor.numpy(), found, rtol=1e-6)


def test_its_slope_is_finite_at_zero_and_right_elsewhere():
    values = torch.tensor(VALUES[1:-1], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(power(values).sum(), values)
    wanted = [0.0 if value == 0 else 0.5 / math.sqrt(abs(value) + 0.01) for value in VALUES[1:-1]]
    np.testing.assert_allclose(slope.numpy(), wanted, rtol=1e-12)
