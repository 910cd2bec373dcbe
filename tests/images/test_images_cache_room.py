"""The cache stays below its bound."""

import gc
import os

from test_images_cache import WIDE, assert_right, make_photos, root, settings

from thresher.images.cache import PhotoCache


def stored_bytes():
    return sum(path.stat().st_size for path in root().rglob("*") if path.is_file())


def test_nothing_is_kept_when_the_bound_is_zero(tmp_path):
    paths = [*make_photos(tmp_path / "p", 9), tmp_path / "absent.png"]
    for _ in range(2):
        cache = PhotoCache.open(paths, WIDE, settings(0))
        assert cache.decoded == 9
        assert cache.status.tolist() == ["ok"] * 9 + ["missing"]
        assert_right(cache, paths[:9])
    assert not root().exists()


def test_what_does_not_fit_is_checked_once_and_decoded_on_demand(tmp_path):
    paths = make_photos(tmp_path / "p", 40)  # five shards of 14,400 bytes of pixels
    for decoded in (40, 0):
        cache = PhotoCache.open(paths, WIDE, settings(40_000e-9))
        assert cache.decoded == decoded
        assert cache.status.tolist() == ["ok"] * 40
        assert 8 <= (cache._offset >= 0).sum() < 40
        assert stored_bytes() < 50_000  # the indexes of shards without photos come on top
        assert_right(cache, paths)
    wider = PhotoCache.open(paths, WIDE, settings(1))  # more room: the rest is decoded and stored
    assert 0 < wider.decoded < 40
    assert (wider._offset >= 0).all()
    assert_right(wider, paths)
    assert PhotoCache.open(paths, WIDE, settings(1)).decoded == 0
    del cache, wider
    narrow = PhotoCache.open(paths, WIDE, settings(40_000e-9))  # less room: photos go, knowledge stays
    assert narrow.decoded == 0
    assert stored_bytes() < 50_000
    assert_right(narrow, paths)


def test_the_cache_used_longest_ago_goes_first_and_never_one_in_use(tmp_path):
    sets = [make_photos(tmp_path / str(number), 8, seed=number) for number in range(4)]
    bound = settings(3 * 18_000e-9)
    for number, paths in enumerate(sets[:3]):
        cache = PhotoCache.open(paths, WIDE, bound)
        os.utime(cache._folder, ns=(number, number))
    del cache
    gc.collect()
    oldest = PhotoCache.open(sets[0], WIDE, bound)  # used again: number 1 is the oldest now
    assert oldest.decoded == 0
    newest = PhotoCache.open(sets[3], WIDE, bound)
    assert stored_bytes() < 3 * 18_000
    assert PhotoCache.open(sets[2], WIDE, bound).decoded == 0
    gc.collect()
    assert PhotoCache.open(sets[1], WIDE, bound).decoded == 8  # number 2 went for it
    assert_right(oldest, sets[0])
    assert_right(newest, sets[3])
    again = [PhotoCache.open(sets[number], WIDE, bound) for number in (0, 3)]
    assert [cache.decoded for cache in again] == [0, 0]
