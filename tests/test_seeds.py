"""Seeds for every purpose: equal everywhere and always, different for different purposes."""

import subprocess
import sys

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from thresher.seeds import derive, generator, seed_torch

VALUES = 4246866556266386882, 9076955380124598277  # a change of these changes every run
purposes = st.lists(
    st.one_of(st.integers(0, 10**6), st.sampled_from(["order", "augment", "folds"])), max_size=4
)


@given(st.integers(0, 2**62), purposes)
def test_a_seed_fits_every_generator(seed, purpose):
    value = derive(seed, *purpose)
    assert 0 <= value < 2**63
    assert value == derive(seed, *purpose)


def test_purposes_do_not_share_a_seed():
    found = {
        derive(seed, name, *counters)
        for seed in range(10)
        for name in ("order", "augment", "folds")
        for counters in (
            (),
            *((epoch,) for epoch in range(10)),
            *((e, row) for e in range(10) for row in range(50)),
        )
    }
    assert len(found) == 10 * 3 * (1 + 10 + 500)
    assert derive(1, 2, 3) != derive(1, 23) != derive(12, 3)


def test_the_value_is_part_of_the_contract():
    assert derive(0) == VALUES[0]
    assert derive(7, "augment", 3, 1234) == VALUES[1]
    code = "from thresher.seeds import derive; print(derive(7, 'augment', 3, 1234))"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "5"}
    )
    assert int(out.stdout) == VALUES[1]


def test_numbers_of_any_integer_type_are_equal():
    assert derive(np.int64(7), "order", np.int32(3)) == derive(7, "order", 3)
    assert derive(True) == derive(1)


def test_generators_are_fresh_and_do_not_disturb_each_other():
    first = generator(3, "order", 1).random(5)
    generator(3, "augment", 1).random(100)
    assert np.array_equal(generator(3, "order", 1).random(5), first)
    assert not np.array_equal(generator(3, "order", 2).random(5), first)


def test_neighbouring_purposes_are_unrelated():
    draws = np.array(
        [generator(0, "augment", epoch, row).random() for epoch in range(40) for row in range(50)]
    )
    assert abs(draws.mean() - 0.5) < 0.03
    assert abs(np.corrcoef(draws[:-1], draws[1:])[0, 1]) < 0.08
    assert abs(np.corrcoef(draws[:-50], draws[50:])[0, 1]) < 0.08


def test_torch_is_seeded():
    seed_torch(3, "model")
    first = torch.rand(4)
    torch.rand(100)
    seed_torch(3, "model")
    assert torch.equal(torch.rand(4), first)
    seed_torch(3, "stage", 0)
    assert not torch.equal(torch.rand(4), first)
