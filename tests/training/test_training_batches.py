"""The order of photos in an epoch."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from thresher.training.batches import epoch_batches


@given(
    rows=st.lists(st.integers(0, 10**6), min_size=1, max_size=300, unique=True),
    size=st.integers(1, 70),
    seed=st.integers(0, 2**31),
    epoch=st.integers(0, 50),
)
def test_every_row_once_in_even_batches(rows, size, seed, epoch):
    batches = epoch_batches(np.array(rows), size, seed, epoch)
    assert sorted(np.concatenate(batches)) == sorted(rows)
    sizes = [len(batch) for batch in batches]
    assert max(sizes) <= size
    assert max(sizes) - min(sizes) <= 1
    assert min(sizes) >= 1
    assert len(batches) == -(-len(rows) // size)
    for batch, again in zip(batches, epoch_batches(np.array(rows), size, seed, epoch), strict=True):
        assert np.array_equal(batch, again)


def test_epochs_and_seeds_differ():
    rows = np.arange(100, 200)
    orders = [
        np.concatenate(epoch_batches(rows, 8, seed, epoch)).tolist() for seed in (0, 1) for epoch in range(5)
    ]
    assert len({tuple(order) for order in orders}) == 10
    assert rows.tolist() not in orders
    assert rows.tolist() == list(range(100, 200))


def test_every_photo_is_anywhere_in_the_order():
    places = np.array([np.argsort(np.concatenate(epoch_batches(np.arange(20), 8, 0, e))) for e in range(400)])
    np.testing.assert_allclose(places.mean(axis=0), 9.5, atol=1.5)
