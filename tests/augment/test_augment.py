"""Policies: laws of every registered one, and what each setting of the light one does."""

import numpy as np
import pytest

from thresher.augment import REGISTRY, list_policies
from thresher.errors import RecipeError

NAMES = [part.name for part in list_policies()]
STILL = {"scale": 1.0, "ratio": 1.0, "flip": 0.0, "brightness": 0.0, "colour": 0.0, "grey": 0.0}


def photo(height=30, width=44, seed=0):
    made = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    made.flags.writeable = False  # as in the cache
    return made


def light(**settings):
    return REGISTRY.build("light", STILL | settings)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(30, 44), (44, 30), (1, 50), (50, 1), (1, 1), (16, 16), (300, 200)])
def test_a_view_is_a_square_of_bytes_whatever_the_photo(name, shape):
    policy = REGISTRY.build(name)
    given = photo(*shape)
    kept = given.copy()
    for seed in range(8):
        view = policy(given, 16, np.random.default_rng(seed))
        assert view.shape == (16, 16, 3)
        assert view.dtype == np.uint8
    assert np.array_equal(given, kept)


@pytest.mark.parametrize("name", NAMES)
def test_a_view_depends_on_its_generator_alone(name):
    policy = REGISTRY.build(name)
    views = [policy(photo(), 16, np.random.default_rng(seed)) for seed in range(20)]
    np.random.seed(123)  # noqa: NPY002  whatever the global state is
    again = [REGISTRY.build(name)(photo(), 16, np.random.default_rng(seed)) for seed in reversed(range(20))]
    assert np.array_equal(views, again[::-1])
    different = len({view.tobytes() for view in views})
    assert different == (1 if name == "none" else 20)


def test_none_shows_the_whole_photo():
    halves = np.zeros((20, 40, 3), np.uint8)
    halves[:, 20:] = 200
    view = REGISTRY.build("none")(halves, 10, np.random.default_rng(0))
    assert (view[:, :5] == 0).all()
    assert (view[:, 5:] == 200).all()


def test_light_with_everything_off_is_the_photo():
    given = photo(24, 24)
    assert np.array_equal(light()(given, 24, np.random.default_rng(1)), given)


def test_flip_is_the_mirror_image_and_as_frequent_as_asked():
    given = photo(24, 24)
    assert np.array_equal(light(flip=1.0)(given, 24, np.random.default_rng(1)), given[:, ::-1])
    flipped = [
        not np.array_equal(light(flip=0.3)(given, 24, np.random.default_rng(seed)), given)
        for seed in range(400)
    ]
    assert 0.22 < np.mean(flipped) < 0.38


def test_brightness_is_one_gain_and_colour_one_per_channel():
    grey = np.full((8, 8, 3), 100, np.uint8)
    bright = np.array(
        [light(brightness=0.3)(grey, 8, np.random.default_rng(seed))[0, 0] for seed in range(300)]
    )
    assert (bright == bright[:, :1]).all()
    assert 70 <= bright.min() <= 75
    assert 125 <= bright.max() <= 130
    colour = np.array([light(colour=0.2)(grey, 8, np.random.default_rng(seed))[0, 0] for seed in range(300)])
    assert (colour != colour[:, :1]).any()
    assert 80 <= colour.min() <= 83
    assert 117 <= colour.max() <= 120
    assert abs(np.corrcoef(colour.T)[0, 1]) < 0.2


def test_gains_clip_and_never_wrap_around():
    given = np.full((8, 8, 3), 250, np.uint8)
    for seed in range(50):
        view = light(brightness=0.9)(given, 8, np.random.default_rng(seed))
        assert (view == view[0, 0]).all()
        assert view[0, 0, 0] >= 24


def test_grey_has_no_colour():
    view = light(grey=1.0)(photo(), 16, np.random.default_rng(0))
    assert (view == view[..., :1]).all()


def corners(settings, shape, count=400):
    """Crops as (left, top, right, bottom) in shares of the photo, read off a photo of ramps."""
    height, width = shape
    ramps = np.zeros((height, width, 3), np.uint8)
    ramps[..., 0] = np.linspace(0, 255, width).round()
    ramps[..., 1] = np.linspace(0, 255, height).round()[:, None]
    policy = light(**settings)
    views = np.array([policy(ramps, 64, np.random.default_rng(seed)) for seed in range(count)]) / 255
    return views[:, 0, 0, 0], views[:, 0, 0, 1], views[:, -1, -1, 0], views[:, -1, -1, 1]


def test_crops_have_the_areas_and_the_aspects_asked_for():
    left, top, right, bottom = corners({"scale": 0.25, "ratio": 1.5}, (600, 800))
    width, height = right - left, bottom - top
    area, aspect = width * height, width / height
    assert 0.22 < area.min() < 0.32
    assert area.max() > 0.85
    assert 1 / 1.5 - 0.03 < aspect.min() < 0.75
    assert 1.35 < aspect.max() < 1.5 + 0.05
    # Everywhere in the photo: from one edge to the other.
    assert left.min() < 0.02
    assert right.max() > 0.98
    assert top.min() < 0.02
    assert bottom.max() > 0.98
    free = area < 0.5
    assert 0.35 < (left[free] / (1 - width[free])).mean() < 0.65


def test_without_a_change_of_aspect_a_crop_has_the_photos():
    left, top, right, bottom = corners({"scale": 0.3}, (300, 800), 100)
    np.testing.assert_allclose(right - left, bottom - top, atol=0.04)


@pytest.mark.parametrize(
    "settings", [{"scale": 0}, {"ratio": 0.5}, {"flip": 1.5}, {"colour": -1}, {"blur": 1}]
)
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(RecipeError, match=next(iter(settings))):
        REGISTRY.build("light", settings)
