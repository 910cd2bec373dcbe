import os
import pickle
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from thresher.errors import RunError
from thresher.images.cache import PhotoCache
from thresher.images.decode import BrokenPhoto, read_photo
from thresher.progress import Progress

WIDE = 1500  # photos are never enlarged, and a wide side makes shards of eight


def settings(cache_gb=1.0, cache_dir=None, max_megapixels=200.0):
    return SimpleNamespace(cache_gb=cache_gb, cache_dir=cache_dir, max_megapixels=max_megapixels)


def make_photos(folder, count, size=(30, 20), seed=0):
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:03d}.png" for number in range(count)]
    for path in paths:
        Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)).save(path)
    return paths


def root():
    return Path(os.environ["THRESHER_CACHE"]) / "photos"


def assert_right(cache, paths, side=WIDE):
    for row, path in enumerate(paths):
        np.testing.assert_array_equal(cache[row], read_photo(path, side))


class Counting(Progress):
    def __init__(self):
        self.total, self.done, self.finished, self.said = None, 0, 0, []

    def start(self, stage, total=None, unit="photos"):
        self.total = total

    def advance(self, count=1, **facts):
        self.done += count

    def finish(self):
        self.finished += 1

    def say(self, text):
        self.said.append(text)


def test_first_call_decodes_and_the_second_does_not_even_read(tmp_path, monkeypatch):
    paths = make_photos(tmp_path / "p", 21)
    progress = Counting()
    first = PhotoCache.open(paths, WIDE, settings(), progress)
    assert (first.decoded, progress.total, progress.done, progress.finished) == (21, 21, 21, 1)
    assert_right(first, paths)
    monkeypatch.setattr("thresher.images.entries.read_bytes", lambda *_: pytest.fail("a file was read again"))
    progress = Counting()
    second = PhotoCache.open(paths, WIDE, settings(), progress)
    assert (second.decoded, progress.total) == (0, None)
    for name in ("status", "reason", "content", "width", "height"):
        assert getattr(first, name).tolist() == getattr(second, name).tolist()
    assert_right(second, paths)


def test_photos_are_shrunk_and_panoramas_bounded(tmp_path):
    sizes = [(300, 200), (200, 300), (20, 30), (4000, 50), (50, 4000)]
    paths = [tmp_path / f"{number}.png" for number in range(5)]
    for path, size in zip(paths, sizes, strict=True):
        Image.new("RGB", size, (9, 99, 199)).save(path)
    for cache_gb in (1.0, 0):
        cache = PhotoCache.open(paths, 40, settings(cache_gb))
        shapes = [cache[row].shape for row in range(5)]
        assert shapes == [(40, 60, 3), (60, 40, 3), (30, 20, 3), (2, 160, 3), (160, 2, 3)]
        assert list(zip(cache.width, cache.height, strict=True)) == sizes
        assert (cache[3] == (9, 99, 199)).all()


def test_broken_and_missing_photos_have_their_reason(tmp_path):
    paths = make_photos(tmp_path / "p", 4)
    (tmp_path / "p" / "empty.jpg").touch()
    (tmp_path / "p" / "text.jpg").write_text("no photo")
    Image.new("RGB", (1, 1)).save(tmp_path / "p" / "tiny.png")
    odd = ["empty.jpg", "text.jpg", "tiny.png", "absent.jpg", ".", "001.png/x.jpg", "nul\0.jpg"]
    everything = [*paths[:2], *(tmp_path / "p" / name for name in odd), *paths[2:]]
    for _ in range(2):
        cache = PhotoCache.open(everything, 16, settings())
        expected = ["ok"] * 2 + ["broken"] * 3 + ["missing", "broken", "missing", "broken"] + ["ok"] * 2
        assert cache.status.tolist() == expected
        assert [reason is None for reason in cache.reason] == [status == "ok" for status in expected]
        assert "0 bytes" in cache.reason[2]
        assert "1x1" in cache.reason[4]
        assert cache.content[2] is not None
        assert cache.content[5] is None
        for row, status in enumerate(expected):
            if status != "ok":
                with pytest.raises(BrokenPhoto):
                    cache[row]
        np.testing.assert_array_equal(cache[-1], read_photo(paths[3], 16))
    with pytest.raises(IndexError):
        cache[len(cache) + 1]


def test_content_is_the_hash_of_the_file(tmp_path):
    import hashlib

    paths = make_photos(tmp_path / "p", 2)
    cache = PhotoCache.open([*paths, paths[0]], 16, settings())
    assert (
        cache.content[0]
        == cache.content[2]
        == hashlib.blake2b(paths[0].read_bytes(), digest_size=16).hexdigest()
    )
    assert cache.content[0] != cache.content[1]


def test_a_changed_file_or_setting_is_noticed(tmp_path):
    paths = make_photos(tmp_path / "p", 3)
    PhotoCache.open(paths, 16, settings())
    Image.new("RGB", (30, 20), "red").save(paths[1])
    again = PhotoCache.open(paths, 16, settings())
    assert again.decoded == 3
    assert (again[1] == (255, 0, 0)).all()
    os.utime(paths[0], ns=(1, 1))
    assert PhotoCache.open(paths, 16, settings()).decoded == 3
    assert PhotoCache.open(paths, 18, settings()).decoded == 3
    assert PhotoCache.open(paths, 16, settings(max_megapixels=0.0001)).status.tolist() == ["broken"] * 3
    absent = tmp_path / "p" / "new.png"
    assert PhotoCache.open([*paths, absent], 16, settings()).status[-1] == "missing"
    Image.new("RGB", (30, 20), "red").save(absent)
    assert PhotoCache.open([*paths, absent], 16, settings()).status[-1] == "ok"


def test_cached_photos_are_read_only_views_and_pickling_carries_no_pixels(tmp_path):
    paths = make_photos(tmp_path / "p", 12, size=(200, 200))
    cache = PhotoCache.open(paths, 200, settings())
    photo = cache[5]
    assert not photo.flags.owndata
    with pytest.raises(ValueError):
        photo[0, 0, 0] = 1
    assert np.shares_memory(photo, cache[5])
    data = pickle.dumps(cache)
    assert len(data) < 6000
    assert_right(pickle.loads(data), paths, 200)


def test_more_shards_than_open_maps(tmp_path, monkeypatch):
    monkeypatch.setattr("thresher.images.cache._OPEN_MAPS", 2)
    paths = make_photos(tmp_path / "p", 40)
    cache = PhotoCache.open(paths, WIDE, settings())
    order = np.random.default_rng(0).permutation(40)
    kept = [cache[row] for row in order]
    assert len(cache._maps) == 2
    for row, photo in zip(order, kept, strict=True):
        np.testing.assert_array_equal(photo, read_photo(paths[row]))


def test_photos_of_a_cache_that_was_deleted_by_hand_are_decoded(tmp_path):
    paths = make_photos(tmp_path / "p", 9)
    cache = PhotoCache.open(paths, WIDE, settings())
    for path in root().rglob("*.bin"):
        path.unlink()
    assert_right(cache, paths)
    assert PhotoCache.open(paths, WIDE, settings()).decoded == 9


@pytest.mark.parametrize("damage", ["short photos", "no photos", "half an index", "odd index"])
def test_a_damaged_shard_is_made_again(tmp_path, damage):
    paths = make_photos(tmp_path / "p", 20)
    folder = PhotoCache.open(paths, WIDE, settings())._folder
    photos, index = folder / "shard-00001.bin", folder / "shard-00001.json"
    if damage == "short photos":
        photos.write_bytes(photos.read_bytes()[:-1])
    elif damage == "no photos":
        photos.unlink()
    else:
        index.write_text(index.read_text()[:50] if damage == "half an index" else "{}")
    (folder / ".shard-00001.bin.99.tmp").write_bytes(b"left by a killed process")
    again = PhotoCache.open(paths, WIDE, settings())
    assert again.decoded == 8
    assert not list(folder.glob(".*.tmp"))
    assert_right(again, paths)


def test_a_folder_that_cannot_be_written_is_explained(tmp_path, monkeypatch):
    paths = make_photos(tmp_path / "p", 2)
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"images\.cache_dir"):
        PhotoCache.open(paths, 16, settings(cache_dir=str(tmp_path / "file")))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("thresher.files.os.fsync", full)
    with pytest.raises(RunError, match=r"no space left(.|\n)*images\.cache_gb=0"):
        PhotoCache.open(paths, 16, settings())
    monkeypatch.undo()
    assert not list((tmp_path).rglob("*.tmp"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_whole_cache_on_a_read_only_disk_can_be_read(tmp_path):
    paths = make_photos(tmp_path / "p", 3)
    folder = PhotoCache.open(paths, 16, settings())._folder
    folder.chmod(0o555)
    try:
        assert PhotoCache.open(paths, 16, settings()).decoded == 0
    finally:
        folder.chmod(0o755)


def test_where_the_cache_lies(tmp_path):
    paths = make_photos(tmp_path / "p", 1)
    PhotoCache.open(paths, 16, settings(cache_dir=str(tmp_path / "mine")))
    assert list((tmp_path / "mine" / "photos").rglob("*.bin"))
    assert not root().exists()


def test_no_photos_at_all(tmp_path):
    assert len(PhotoCache.open([], 16, settings())) == 0
    assert PhotoCache.open([tmp_path / "x.jpg"], 16, settings()).status.tolist() == ["missing"]


def test_real_photos(real_data):
    paths = sorted((real_data / "art7" / "train").iterdir())[:60]
    cache = PhotoCache.open(paths, 128, settings())
    assert set(cache.status) == {"ok"}
    assert set(cache.width) == {227}
    reference = np.asarray(Image.open(paths[7]).convert("RGB").resize((128, 128), Image.Resampling.BOX))
    assert cache[7].shape == (128, 128, 3)
    assert np.abs(cache[7].astype(int) - reference).mean() < 6
    assert PhotoCache.open(paths, 128, settings()).decoded == 0
