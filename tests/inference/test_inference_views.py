"""Laws that every fixed view keeps, and what each one shows."""

import inspect

import numpy as np
import pytest

from thresher.errors import RecipeError
from thresher.images.fit import fit
from thresher.inference.views import REGISTRY
from thresher.inference.views.base import View
from thresher.registry import family

NAMES = [part.name for part in REGISTRY.list()]
SHAPES = [(48, 40), (40, 48), (1, 1), (7, 300), (64, 64)]


def photo(height=48, width=40, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize("how", ["squish", "crop"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", NAMES)
def test_every_view_gives_a_contiguous_square_and_leaves_the_photo_alone(name, shape, how):
    view, given = REGISTRY.build(name), photo(*shape)
    given.setflags(write=False)  # photos of the cache are read-only
    before = given.copy()
    shown = view(given, 32, how)
    assert shown.shape == (32, 32, 3)
    assert shown.dtype == np.uint8
    assert shown.flags.c_contiguous
    np.testing.assert_array_equal(given, before)
    np.testing.assert_array_equal(shown, view(given, 32, how))


@pytest.mark.parametrize("name", NAMES)
def test_every_view_is_a_documented_view_with_a_scale(name):
    part = REGISTRY.get(name)
    assert issubclass(part.load(), View)
    assert part.description
    parameters = REGISTRY.parameters(name)
    assert parameters["scale"].default == 1.0
    assert all(p.default is not inspect.Parameter.empty for p in parameters.values())
    assert family("views").get(name) is part


@pytest.mark.parametrize("name", NAMES)
def test_scale_sets_an_even_size(name):
    assert REGISTRY.build(name).size(225) == 225
    assert REGISTRY.build(name, {"scale": 0.7}).size(224) == 156
    assert REGISTRY.build(name, {"scale": 1.3}).size(225) % 2 == 0
    assert REGISTRY.build(name, {"scale": 2}).size(16) == 32
    assert REGISTRY.build(name, {"scale": 0.1}).size(2) == 2
    for wrong in (0, -1, 0.05, 9, float("nan")):
        with pytest.raises(RecipeError, match="scale"):
            REGISTRY.build(name, {"scale": wrong})


@pytest.mark.parametrize("how", ["squish", "crop"])
@pytest.mark.parametrize("name", NAMES)
def test_every_view_of_an_even_colour_is_that_colour(name, how):
    given = np.full((30, 50, 3), (10, 200, 90), np.uint8)
    np.testing.assert_array_equal(REGISTRY.build(name)(given, 20, how), np.full((20, 20, 3), (10, 200, 90)))


def test_plain_is_the_fitted_photo():
    np.testing.assert_array_equal(REGISTRY.build("plain")(photo(), 32, "crop"), fit(photo(), 32, "crop"))


@pytest.mark.parametrize(
    ("name", "settings", "place"),
    [
        ("plain", {}, (0, 0)),
        ("hflip", {}, (0, 1)),
        ("vflip", {}, (1, 0)),
        ("transpose", {}, (0, 0)),
        ("rot90", {}, (1, 0)),
        ("rot90", {"turns": 2}, (1, 1)),
        ("rot90", {"turns": 3}, (0, 1)),
    ],
)
def test_the_top_left_corner_goes_where_it_should(name, settings, place):
    given = np.zeros((20, 20, 3), np.uint8)
    given[:10, :10] = 255
    quarters = REGISTRY.build(name, settings)(given, 20, "squish")[5::10, 5::10, 0]
    assert [tuple(map(int, where)) for where in np.argwhere(quarters == 255)] == [place]


@pytest.mark.parametrize(("name", "times"), [("hflip", 2), ("vflip", 2), ("transpose", 2), ("rot90", 4)])
def test_turning_often_enough_changes_nothing(name, times):
    given = photo(32, 32)
    shown = given
    for _ in range(times):
        shown = REGISTRY.build(name)(shown, 32, "squish")
    np.testing.assert_array_equal(shown, given)


def test_the_eight_symmetries_are_eight():
    given = photo(16, 16)
    turned = [given] + [REGISTRY.build("rot90", {"turns": n})(given, 16, "squish") for n in (1, 2, 3)]
    both = turned + [REGISTRY.build("transpose")(each, 16, "squish") for each in turned]
    assert len({each.tobytes() for each in both}) == 8


def test_crop_shows_the_centre():
    given = photo(80, 160)
    shown = REGISTRY.build("crop", {"fraction": 0.5})(given, 40, "squish")
    np.testing.assert_array_equal(shown, fit(given[20:60, 40:120], 40, "squish"))
    np.testing.assert_array_equal(
        REGISTRY.build("crop", {"fraction": 1.0})(given, 40, "crop"), fit(given, 40, "crop")
    )


@pytest.mark.parametrize(
    ("name", "settings", "named"),
    [
        ("crop", {"fraction": 0}, "fraction"),
        ("crop", {"fraction": 1.1}, "fraction"),
        ("crop", {"fracton": 0.5}, "did you mean 'fraction'"),
        ("rot90", {"turns": 4}, "turns"),
        ("hflipp", {}, "did you mean 'hflip'"),
    ],
)
def test_wrong_settings_are_named(name, settings, named):
    with pytest.raises(RecipeError, match=named):
        REGISTRY.build(name, settings)
