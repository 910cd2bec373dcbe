"""Copies agree nearly everywhere; alike frames, lights, lines and backgrounds do not make copies."""

import cv2
import numpy as np
import pytest
from inspect_kit import brighter, compressed, cropped, resized, scene

from thresher.inspect.agreement import GRID, NONE, SIDE, TILE, Agreement, Square, agreement
from thresher.inspect.greys import grey, squeeze
from thresher.inspect.registration import lay_on, register, see
from thresher.inspect.turns import TURNS


def square(photo):
    return Square.of(squeeze(grey([photo], 0), SIDE))


def seen(one, other, shown=None):
    return agreement(square(one), square(other), shown)


@pytest.mark.parametrize("change", [lambda photo: photo, resized, compressed, brighter])
@pytest.mark.parametrize("seed", range(4))
def test_copies_agree_clearly(change, seed):
    found = seen(scene(seed), change(scene(seed)))
    assert found.clear
    assert found.same
    assert not found.altered
    assert found.telling == 16


def test_different_pictures_do_not():
    found = [seen(scene(one), scene(other)) for one in range(8) for other in range(one)]
    assert not any(one.same for one in found)
    assert max(one.inner for one in found) < 0.6


def test_a_correlation_is_the_best_of_small_shifts():
    """Beside NumPy: one tile with all shifts of up to three pixels."""
    one, other = square(scene(1)), square(np.roll(scene(1), (2, -3), (0, 1)))
    y, x = 2, 3
    tile = one.detail[y * TILE : (y + 1) * TILE, x * TILE : (x + 1) * TILE]
    best = max(
        np.corrcoef(
            tile.ravel(),
            other.detail[y * TILE + dy : (y + 1) * TILE + dy, x * TILE + dx : (x + 1) * TILE + dx].ravel(),
        )[0, 1]
        for dy in range(-3, 4)
        for dx in range(-3, 4)
    )
    only = np.zeros((SIDE, SIDE), bool)
    only[TILE:-TILE, TILE:-TILE] = True
    assert agreement(one, other, only).inner > 0.9
    alone = np.zeros((GRID, GRID), bool)
    alone[1:-1, 1:-1] = True
    values = []
    for row, column in zip(*np.nonzero(alone), strict=True):
        part = one.detail[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
        found = -1.0
        for dy in range(-3, 4):
            for dx in range(-3, 4):
                top, left = row * TILE + dy, column * TILE + dx
                there = other.detail[top : top + TILE, left : left + TILE]
                found = max(found, np.corrcoef(part.ravel(), there.ravel())[0, 1])
        values.append(found)
    result = agreement(one, other, only)
    assert result.inner == pytest.approx(np.mean(values), abs=1e-4)
    assert result.inner_low == pytest.approx(np.quantile(values, 0.25), abs=1e-4)
    assert result.share == np.mean(np.array(values) >= 0.6)
    assert best in [pytest.approx(value, abs=1e-4) for value in values]


def test_a_watermark_spoils_a_few_tiles_only():
    photo = scene(3)
    marked = photo.copy()
    cv2.putText(marked, "SAMPLE", (60, 185), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (255, 255, 255), 3)
    found = seen(photo, marked)
    assert found.same
    assert found.share < 1


def test_a_common_frame_is_not_enough():
    one, other = scene(4), scene(5)
    framed = one.copy()
    framed[40:-40, 40:-40] = other[40:-40, 40:-40]  # the outer tiles agree to the last bit
    found = seen(one, framed)
    assert found.share > 0.5
    assert not found.same


def test_straight_lines_tell_nothing():
    """Cells with bars at one place: whatever else they are, the bars agree."""
    cell = np.full((200, 200, 3), 150, np.uint8)
    for y in (40, 100, 160):
        cv2.line(cell, (0, y), (199, y), (30, 30, 30), 4)
    cv2.line(cell, (60, 0), (60, 199), (90, 90, 90), 2)
    assert not square(cell).tells[1:-1, 2:].any()
    assert seen(cell, cell) == NONE
    assert not NONE.same


def test_where_most_is_plain_the_coarse_must_agree_too():
    detail = {"mean": 0.95, "low": 0.9, "share": 1.0, "inner": 0.95, "inner_low": 0.93}
    assert Agreement(**detail, telling=12, whole=0.5).same
    assert Agreement(**detail, telling=11, whole=0.98).same
    assert not Agreement(**detail, telling=11, whole=0.97).same
    assert not Agreement(**(detail | {"low": 0.7}), telling=16, whole=1).clear
    assert not Agreement(**(detail | {"inner": 0.86}), telling=16, whole=1).same
    assert not Agreement(**(detail | {"inner_low": 0.83}), telling=16, whole=1).same
    assert not Agreement(**(detail | {"share": 0.54}), telling=16, whole=1).same


def test_what_only_one_shows_does_not_count():
    one, other = scene(6), scene(6)
    other[:, 150:] = scene(7)[:, 150:]
    shown = np.zeros((SIDE, SIDE), bool)
    shown[:, :90] = True
    assert not seen(one, other).clear
    assert seen(one, other, shown).clear
    shown[:, 60:] = False
    assert seen(one, other, shown).telling == 8


def test_what_one_shows_and_the_other_does_not_is_a_difference():
    photo = scene(6)
    erased = photo.copy()
    erased[60:140, 60:140] = 120
    found = seen(photo, erased)
    assert found.inner < 0.75
    assert not found.same


@pytest.mark.parametrize("place", range(8))
def test_a_turned_square_is_the_square_of_the_turned_photo(place):
    small = squeeze(grey([scene(7)], 0), SIDE)
    ours = Square.of(small).turned(TURNS[place])
    wanted = Square.of(np.ascontiguousarray(TURNS[place](small)))
    np.testing.assert_array_equal(ours.grey, wanted.grey)
    np.testing.assert_allclose(ours.detail, wanted.detail, atol=1e-3)
    np.testing.assert_array_equal(ours.tells, wanted.tells)


@pytest.mark.parametrize("turn", [0, 17, 90])
@pytest.mark.parametrize(("share", "top", "left"), [(0.7, 0.1, 0.2), (0.6, 0.4, 0.0), (0.8, 0.2, 0.2)])
def test_a_crop_is_found_where_it_was_cut(share, top, left, turn):
    photo = scene(8)
    middle = cv2.getRotationMatrix2D((100, 100), turn, 1.0)
    whole = cv2.warpAffine(photo, middle, (200, 200), borderMode=cv2.BORDER_REFLECT)
    part = cropped(photo, share, top, left)
    here, there = see(grey([whole], 0)), see(grey([part], 0))
    way, followed = register(here, there)
    assert followed >= 20
    # The corners of the crop in the whole photo, in pixels of the 180 that features are looked for in.
    corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]]) * part.shape[0] + [left * 200, top * 200]
    wanted = (corners @ middle[:, :2].T + middle[:, 2]) * 0.9
    found = (np.array([[0, 0], [1, 0], [0, 1], [1, 1]]) * 180) @ way[:, :2].T + way[:, 2]
    assert np.abs(found - wanted).max() < 3
    laid = lay_on(here, there, way)
    assert agreement(Square.of(laid.one), Square.of(laid.other), laid.shown).same
    assert laid.shared == pytest.approx(share**2, rel=0.1)
    assert laid.turned == (turn == 90)
    back = lay_on(there, here, cv2.invertAffineTransform(way))  # the other way round: the same square
    assert np.abs(back.one.astype(int) - laid.one).max() == 0


def test_different_pictures_share_few_features():
    sights = [see(grey([scene(seed)], 0)) for seed in range(10)]
    for one in range(10):
        for other in range(one):
            assert register(sights[one], sights[other])[0] is None


def test_maps_that_lay_nothing_on_anything():
    here, there = see(grey([scene(1)], 0)), see(grey([scene(2)], 0))
    for way in ([[0, 0, 1], [0, 0, 1]], [[1, 0, 9999], [0, 1, 0]], [[0.01, 0, 0], [0, 0.01, 0]]):
        assert lay_on(here, there, np.array(way, dtype=np.float64)) is None


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 300, 3), (200, 3, 3)])
def test_odd_photos_are_no_trouble(shape):
    photo = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    one = see(grey([photo], 0))
    register(one, see(grey([scene(1)], 0)))
    seen(photo, scene(1))
    assert np.isfinite(seen(photo, photo).mean)
