import numpy as np
import pytest

from thresher.images.fit import fit, resize


def ramp(height, width):
    """Rises from left to right, so that a place can be told by its value."""
    line = np.linspace(0, 255, width)
    return np.repeat(np.tile(line, (height, 1))[:, :, None], 3, axis=2).astype(np.uint8)


def coverage(old, new):
    """How much of each old pixel each new one covers (new, old); rows sum to 1."""
    edges = np.arange(new + 1)[:, None] * old / new
    pixel = np.arange(old)[None]
    part = np.minimum(edges[1:], pixel + 1) - np.maximum(edges[:-1], pixel)
    return part.clip(0) * new / old


@pytest.mark.parametrize("how", ["squish", "crop"])
@pytest.mark.parametrize("shape", [(40, 60), (60, 40), (5, 300), (16, 16), (4, 4), (300, 300)])
def test_square_contiguous_and_writable(how, shape):
    photo = ramp(*shape)
    photo.flags.writeable = False
    result = fit(photo, 16, how)
    assert result.shape == (16, 16, 3)
    assert result.dtype == np.uint8
    assert result.flags.c_contiguous
    assert result.flags.writeable
    assert not np.shares_memory(result, photo)


def test_squish_keeps_the_whole_and_crop_the_centre():
    photo = ramp(30, 90)
    squished, cropped = fit(photo, 30, "squish"), fit(photo, 30, "crop")
    assert squished[15, 0, 0] < 6
    assert squished[15, -1, 0] > 249
    np.testing.assert_array_equal(cropped, photo[:, 30:60])


def test_shrinking_is_the_mean_over_areas():
    photo = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    expected = photo.reshape(16, 4, 16, 6, 3).mean(axis=(1, 3))
    assert np.abs(fit(photo, 16) - expected).max() <= 1
    rows, columns = coverage(64, 40), coverage(96, 40)
    expected = np.einsum("ih,hwc,jw->ijc", rows, photo, columns)
    assert np.abs(fit(photo, 40) - expected).max() <= 1


def test_an_axis_that_grows_is_smooth_while_the_other_shrinks():
    photo = ramp(200, 8)
    result = fit(photo, 64)
    steps = np.diff(result[30, :, 0].astype(int))
    assert steps.max() <= 12  # nearest neighbours would jump by 36
    assert (result[0] == result[-1]).all()


def test_the_right_size_stays_as_it_is():
    photo = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    np.testing.assert_array_equal(fit(photo, 24), photo)
    np.testing.assert_array_equal(resize(photo, 24, 24), photo)


def test_an_unknown_way_is_refused():
    with pytest.raises(ValueError, match="squish or crop"):
        fit(ramp(8, 8), 4, "stretch")
