import io
import threading

import numpy as np
import pytest
from PIL import Image, ImageOps, features

from thresher.images.decode import BrokenPhoto, decode, read_photo


def smooth(height=60, width=80, channels=3, seed=0):
    """A photo without sharp edges, so that lossy formats stay near it."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (4, 5, 3), dtype=np.uint8))
    photo = np.asarray(small.resize((width, height), Image.Resampling.BICUBIC))
    return photo if channels == 3 else photo[:, :, 0]


def encoded(image, form, **options):
    file = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(file, form, **options)
    return file.getvalue()


def pixels(data, side=None):
    return decode(data, side).pixels


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "PPM"])
def test_lossless_formats_come_out_exactly(form):
    photo = smooth()
    result = pixels(encoded(photo, form))
    assert result.dtype == np.uint8
    np.testing.assert_array_equal(result, photo)


def test_jpeg_equals_pillow():
    data = encoded(smooth(), "JPEG", quality=90, subsampling=0)
    np.testing.assert_array_equal(pixels(data), np.asarray(Image.open(io.BytesIO(data))))


@pytest.mark.parametrize("form", ["WEBP", "JPEG2000", pytest.param("AVIF", marks=pytest.mark.skipif(
    not features.check("avif"), reason="this Pillow has no AVIF"))])  # fmt: skip
def test_other_lossy_formats_come_out_nearly(form):
    assert np.abs(pixels(encoded(smooth(), form)).astype(int) - smooth()).mean() < 4


def test_content_decides_not_the_extension(tmp_path):
    (tmp_path / "really_png.jpg").write_bytes(encoded(smooth(), "PNG"))
    (tmp_path / "really_jpeg.png").write_bytes(encoded(smooth(), "JPEG", quality=95))
    np.testing.assert_array_equal(read_photo(tmp_path / "really_png.jpg"), smooth())
    assert read_photo(str(tmp_path / "really_jpeg.png")).shape == (60, 80, 3)


def test_names_with_everything_in_them(tmp_path):
    for name in ("a b.png", "a,b.png", "ä北京.png", "new\nline.png", "'quote\".png"):
        (tmp_path / name).write_bytes(encoded(smooth(), "PNG"))
        np.testing.assert_array_equal(read_photo(tmp_path / name), smooth())


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_rotation_of_every_format(form, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if form == "WEBP" else {}
    data = encoded(smooth(), form, exif=exif, **options)
    plain = Image.open(io.BytesIO(encoded(smooth(), form, **options))).convert("RGB")
    plain.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(plain))
    photo = decode(data)
    assert np.abs(photo.pixels.astype(int) - expected).max() <= 1
    assert (photo.height, photo.width) == expected.shape[:2]
    assert decode(data, side=30).pixels.shape == ((40, 30, 3) if orientation > 4 else (30, 40, 3))


def test_damaged_exif_does_not_cost_the_photo():
    data = encoded(smooth(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff\x01")
    assert pixels(data).shape == (60, 80, 3)


def test_16_bit_grey_is_scaled_not_clipped():
    deep = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    for form in ("PNG", "TIFF"):
        result = pixels(encoded(Image.fromarray(deep), form))
        assert np.abs(result[:, :, 0] - deep / 257).max() <= 0.5
        assert (result[:, :, 0] == result[:, :, 2]).all()


def test_16_bit_colour_png_is_scaled():
    rng = np.random.default_rng(0)
    deep = rng.integers(0, 65536, (20, 30, 3), dtype=np.uint16)
    cv2 = pytest.importorskip("cv2")
    data = cv2.imencode(".png", np.ascontiguousarray(deep[:, :, ::-1]))[1].tobytes()
    assert np.abs(pixels(data) - deep / 257).max() <= 1


def test_float_tiff_by_its_range():
    grey = np.linspace(0, 1, 400, dtype=np.float32).reshape(20, 20)
    for scale in (1, 255, 65535):
        result = pixels(encoded(Image.fromarray(grey * scale), "TIFF"))
        assert np.abs(result[:, :, 0] - grey * 255).max() <= 0.51
    with pytest.raises(BrokenPhoto, match="pixel values from"):
        pixels(encoded(Image.fromarray(grey - 0.5), "TIFF"))


def test_alpha_is_composited_over_white():
    rgba = np.zeros((10, 12, 4), np.uint8)
    rgba[:, :4] = (200, 0, 0, 255)
    rgba[:, 4:8] = (200, 0, 0, 128)
    for form in ("PNG", "WEBP", "TIFF"):
        result = pixels(encoded(rgba, form, **({"lossless": True} if form == "WEBP" else {})))
        assert result[0, 0].tolist() == [200, 0, 0]
        np.testing.assert_allclose(result[0, 5], [227, 127, 127], atol=1)
        assert result[0, 11].tolist() == [255, 255, 255]


def test_palette_grey_alpha_and_one_bit():
    palette = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8) % 3).convert("P")
    palette.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    assert pixels(encoded(palette, "PNG"))[0, 1].tolist() == [40, 50, 60]
    assert pixels(encoded(palette, "PNG", transparency=1))[0, :3].tolist() == [
        [10, 20, 30],
        [255] * 3,
        [70, 80, 90],
    ]
    grey = Image.fromarray(np.full((8, 8), 77, np.uint8))
    assert pixels(encoded(grey, "PNG"))[3, 3].tolist() == [77] * 3
    assert (pixels(encoded(grey, "JPEG")) == 77).all()
    pale = Image.merge("LA", [grey, Image.new("L", (8, 8), 0)])
    assert (pixels(encoded(pale, "PNG")) == 255).all()
    bits = Image.fromarray(np.eye(8, dtype=bool))
    assert pixels(encoded(bits, "PNG"))[:2, :2, 0].tolist() == [[255, 0], [0, 255]]


def test_cmyk_jpeg_and_tiff():
    cmyk = Image.fromarray(smooth()).convert("CMYK")
    for form in ("JPEG", "TIFF"):
        assert np.abs(pixels(encoded(cmyk, form)).astype(int) - smooth()).mean() < 6


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_animations_give_their_first_frame(form):
    frames = [Image.new("RGB", (20, 16), colour) for colour in ("red", "lime", "blue")]
    options = {"lossless": True} if form == "WEBP" else {}
    data = encoded(frames[0], form, save_all=True, append_images=frames[1:], duration=50, **options)
    with Image.open(io.BytesIO(data)) as image:
        assert image.n_frames == 3
    assert (pixels(data) == (255, 0, 0)).all()


@pytest.mark.parametrize("side", [10, 23, 30, 37, 59, 60, 200])
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_side_shrinks_the_short_side_and_never_enlarges(form, side):
    photo = decode(encoded(smooth(60, 80), form, **({"quality": 95} if form == "JPEG" else {})), side)
    height, width = (60, 80) if side >= 60 else (side, 80 * side / 60)
    assert photo.pixels.shape[0] == height
    assert abs(photo.pixels.shape[1] - width) < 1
    assert (photo.width, photo.height) == (80, 60)
    upright = decode(encoded(smooth(80, 60), form), side)
    assert upright.pixels.shape[1] == min(side, 60)


def test_shrinking_while_decoding_looks_like_shrinking_after_it():
    photo = smooth(480, 640)
    data = encoded(photo, "JPEG", quality=95)
    expected = np.asarray(Image.fromarray(photo).resize((132, 99), Image.Resampling.BOX))
    assert np.abs(pixels(data, 99).astype(int) - expected).mean() < 2


def test_threads_agree():
    data = encoded(smooth(300, 400), "JPEG"), encoded(smooth(300, 400), "PNG")
    expected = [pixels(item, 64) for item in data]
    wrong = []

    def work():
        for _ in range(20):
            wrong.extend(
                not np.array_equal(pixels(item, 64), good) for item, good in zip(data, expected, strict=True)
            )

    threads = [threading.Thread(target=work) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(wrong) == 160
    assert not any(wrong)
