"""Files that are no photo, not a whole one, or not one to learn from."""

import os
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image
from test_decode import encoded, pixels, smooth

from thresher.images.decode import BrokenPhoto, decode, read_photo


def huge_png(width, height):
    """A PNG header that promises a gigantic photo."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("GIF", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("PPM", {}),
    ],
)
@pytest.mark.parametrize("side", [None, 12])
def test_a_truncated_file_is_never_half_a_photo(form, options, side):
    """Cut anywhere: it is refused, or nothing that belongs to the picture was lost."""
    rng = np.random.default_rng(0)
    data = encoded(rng.integers(0, 256, (40, 50, 3), dtype=np.uint8), form, **options)
    whole = pixels(data, side)
    refused = 0
    for cut in sorted({1, 2, 3, 10, len(data) - 1, *rng.integers(1, len(data), 60).tolist()}):
        try:
            np.testing.assert_array_equal(pixels(data[:cut], side), whole)
            assert cut > 0.9 * len(data)
        except BrokenPhoto:
            refused += 1
    assert refused >= 50


def test_truncated_jpeg_says_so(tmp_path):
    data = encoded(smooth(200, 200), "JPEG", quality=95)
    (tmp_path / "half.jpg").write_bytes(data[: len(data) // 2])
    with pytest.raises(BrokenPhoto, match="truncated: the end of the file is missing"):
        read_photo(tmp_path / "half.jpg")
    with pytest.raises(BrokenPhoto, match=r"damaged|truncated"):  # half a photo with a proper end glued on
        decode(data[: len(data) // 2] + b"\xff\xd9")


def test_spare_bytes_in_a_jpeg_are_harmless():
    data = encoded(smooth(), "JPEG", quality=90)
    whole = pixels(data)
    for odd in (data + b"camera maker's notes" * 50, data[:-2] + b"\1\2\3\4" * 9 + data[-2:]):
        assert np.abs(pixels(odd).astype(int) - whole).max() <= 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"hello, I am a text", "not a photo"),
        (b"\xff\xd8\xff", "not a photo|damaged|truncated"),
        (b"\x89PNG\r\n\x1a\n", "not a photo|damaged|truncated"),
        (b"GIF89a", "not a photo|damaged|truncated"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not a photo"),
        (b"\0" * 5000, "not a photo"),
    ],
)
def test_what_is_no_photo(tmp_path, content, reason):
    (tmp_path / "x.jpg").write_bytes(content)
    with pytest.raises(BrokenPhoto, match=reason):
        read_photo(tmp_path / "x.jpg")


def test_paths_that_are_no_photo_files(tmp_path):
    with pytest.raises(BrokenPhoto, match="no such file"):
        read_photo(tmp_path / "absent.jpg")
    with pytest.raises(BrokenPhoto, match="a folder"):
        read_photo(tmp_path)
    with pytest.raises(BrokenPhoto, match="no file can have this name"):
        read_photo("a\0b.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")  # opening it would wait for ever
    with pytest.raises(BrokenPhoto, match="not a plain file"):
        read_photo(tmp_path / "pipe.jpg")


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 300), (300, 3)])
@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_nothing_to_learn_from(height, width, form):
    with pytest.raises(BrokenPhoto, match=f"{width}x{height} pixels: nothing to learn from"):
        decode(encoded(np.zeros((height, width, 3), np.uint8), form))


def test_a_decompression_bomb_is_refused_before_decoding():
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    jpeg = bytearray(encoded(smooth(), "JPEG"))
    place = jpeg.index(b"\xff\xc0") + 5  # height and width of the baseline frame
    jpeg[place : place + 4] = struct.pack(">HH", 30_000, 30_000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Pillow's own warning must not show either
        for bomb in (huge_png(30_000, 30_000), bytes(jpeg)):
            with pytest.raises(BrokenPhoto, match="30000x30000 pixels: larger than 200 megapixels"):
                decode(bomb)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB; decoded it has 2.7 GB


def test_the_limit_can_be_moved(tmp_path):
    data = encoded(smooth(1000, 1000), "PNG")
    assert decode(data, max_megapixels=1.0).pixels.shape == (1000, 1000, 3)
    with pytest.raises(BrokenPhoto, match=r"larger than 0\.9 megapixels"):
        decode(data, max_megapixels=0.9)
    before = Image.MAX_IMAGE_PIXELS
    with pytest.raises(BrokenPhoto):
        decode(
            huge_png(30_000, 30_000), max_megapixels=1000
        )  # allowed, but there is no photo behind the header
    assert before == Image.MAX_IMAGE_PIXELS
    with open(tmp_path / "disk_image.png", "wb") as file:
        file.truncate(100_000_000_000)
    with pytest.raises(BrokenPhoto, match="too large"):
        read_photo(tmp_path / "disk_image.png")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "PPM", "JPEG2000"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_random_damage_raises_nothing_but_broken_photo(form):
    rng = np.random.default_rng(7)
    data = encoded(smooth(), form)
    reasons = []
    for _ in range(150):
        damaged = bytearray(data)
        for place in rng.integers(0, len(data) if rng.random() < 0.5 else min(100, len(data)), 4):
            damaged[place] = rng.integers(0, 256)
        try:
            photo = decode(bytes(damaged), max_megapixels=5).pixels
            assert photo.dtype == np.uint8
            assert photo.ndim == 3
            assert photo.shape[2] == 3
        except BrokenPhoto as error:
            reasons.append(str(error))
    assert all(reasons)
