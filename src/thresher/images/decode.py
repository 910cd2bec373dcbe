"""A photo file as pixels: the one place that knows formats, rotation, limits and how a file can be broken."""

import errno
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import PIL
import simplejpeg
from PIL import Image, ImageFile

from thresher.images.fit import resize
from thresher.images.pixels import to_rgb, upright

VERSION = f"1 simplejpeg-{simplejpeg.__version__} pillow-{PIL.__version__} opencv-{cv2.__version__}"
"""Part of every cache key: pixels decoded by something else are not mixed in."""

# Formats are found by content. Those that run other programs (EPS) or have no signature (TGA) stay closed.
_FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "JPEG2000", "AVIF")
_OUR_FAULT = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
_SMALLEST = 4  # pixels along the shorter side
_pillow_limit = threading.Lock()


class BrokenPhoto(Exception):
    """A photo that cannot be used; its text says why in plain words."""


@dataclass(frozen=True)
class Decoded:
    """Pixels, uint8 (H, W, 3) RGB, and the upright photo's size in the file before any shrinking."""

    pixels: np.ndarray
    width: int
    height: int


def read_photo(path: str | Path, side: int | None = None, max_megapixels: float = 200.0) -> np.ndarray:
    """Reads one photo.

    Args:
        path: a file of any common format; what it is gets decided by its content.
        side: a larger photo is shrunk until its short side has so many pixels; none is enlarged.
        max_megapixels: a larger photo is refused before it is decoded.

    Returns:
        uint8 (H, W, 3), RGB, upright, on white where it is transparent; the first frame of an animation.

    Raises:
        BrokenPhoto: it cannot be read, or there is nothing in it to learn from.
    """
    return decode(read_bytes(path, max_megapixels), side, max_megapixels).pixels


def read_bytes(path: str | Path, max_megapixels: float = 200.0) -> bytes:
    """The content of a photo file.

    Raises:
        BrokenPhoto: there is no such file, or it cannot be a photo.
    """
    try:
        known = os.stat(path)
        if not stat.S_ISREG(known.st_mode):
            raise BrokenPhoto("a folder, not a photo" if stat.S_ISDIR(known.st_mode) else "not a plain file")
        # Uncompressed 16-bit RGBA takes 8 bytes per pixel: what is longer is too large, or no photo.
        if known.st_size > max_megapixels * 8e6 + 2**26:
            raise BrokenPhoto(f"a file of {known.st_size / 1e9:.1f} GB is too large for a photo")
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        raise BrokenPhoto("no such file") from None
    except OSError as error:
        if error.errno in _OUR_FAULT:
            raise
        raise BrokenPhoto(f"cannot be read: {error.strerror or error}") from error
    except ValueError as error:  # a NUL or a lone surrogate in the name
        raise BrokenPhoto(f"no file can have this name: {error}") from error


def decode(data: bytes, side: int | None = None, max_megapixels: float = 200.0) -> Decoded:
    """Decodes the content of a photo file; see `read_photo`.

    Raises:
        BrokenPhoto: it cannot be decoded, or there is nothing in it to learn from.
    """
    if not data:
        raise BrokenPhoto("the file is empty (0 bytes)")
    try:
        photo = _decode_jpeg(data, side, max_megapixels) if data[:3] == b"\xff\xd8\xff" else None
        return photo or _decode_other(data, side, max_megapixels)
    except BrokenPhoto:
        raise
    except MemoryError:
        raise BrokenPhoto("not enough memory to decode it") from None
    except Exception as error:  # Pillow's readers raise whatever a damaged file makes them trip over
        raise BrokenPhoto(_plain(error)) from error


def _decode_jpeg(data: bytes, side: int | None, max_megapixels: float) -> Decoded | None:
    """Decodes a JPEG, shrunk by 2, 4 or 8 on the way where it is large enough; None: Pillow's turn."""
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(data, strict=False)
    except ValueError:
        return None
    if colours not in ("YCbCr", "RGB", "Gray"):
        return None
    _check_size(width, height, max_megapixels)
    # libjpeg shrinks by 2, 4 and 8 faster than it decodes in full, by the factors between them slower.
    least = {"min_factor": 2, "min_height" if height <= width else "min_width": side} if side else {}
    try:
        pixels = simplejpeg.decode_jpeg(data, "RGB", **least)
    except ValueError as error:
        text = str(error)
        if "Premature end" in text:
            raise BrokenPhoto("truncated: the end of the file is missing") from None
        # Spare bytes are common and harmless; any other corruption leaves a part of the photo grey.
        if "Corrupt" in text and "extraneous bytes" not in text:
            raise BrokenPhoto(f"damaged: {text}") from None
        return None
    rotation = _orientation(data) if b"Exif\0\0" in data or b"tiff:Orientation" in data else 1
    return _finish(pixels, width, height, rotation, side)


def _decode_other(data: bytes, side: int | None, max_megapixels: float) -> Decoded:
    """Decodes everything that Pillow knows."""
    with _open(data) as image:
        _check_size(*image.size, max_megapixels)
        image.load()  # the first frame; TIFF turns itself upright here
        return _finish(to_rgb(image), *image.size, _orientation_of(image), side)


def _finish(pixels: np.ndarray, width: int, height: int, orientation: int, side: int | None) -> Decoded:
    """Shrinks, then turns."""
    if side and min(pixels.shape[:2]) > side:
        shrink = side / min(width, height)
        pixels = resize(pixels, max(side, round(height * shrink)), max(side, round(width * shrink)))
    if orientation in (5, 6, 7, 8):
        width, height = height, width
    return Decoded(upright(pixels, orientation), width, height)


def _check_size(width: int, height: int, max_megapixels: float) -> None:
    if width * height > max_megapixels * 1e6:
        raise BrokenPhoto(
            f"{width}x{height} pixels: larger than {max_megapixels:g} megapixels (images.max_megapixels)"
        )
    if min(width, height) < _SMALLEST:
        raise BrokenPhoto(f"{width}x{height} pixels: nothing to learn from")


def _orientation(data: bytes) -> int:
    try:
        with _open(data) as image:
            return _orientation_of(image)
    except Exception:  # the pixels are fine; a damaged note beside them is no reason to lose the photo
        return 1


def _orientation_of(image: Image.Image) -> int:
    try:
        value = image.getexif().get(0x0112, 1)
        return int(value) if value in range(1, 9) else 1
    except Exception:  # as above
        return 1


@contextmanager
def _open(data: bytes) -> Iterator[ImageFile.ImageFile]:
    """Reads the header only; our limit stands in for Pillow's, which would refuse other sizes."""
    Image.init()
    with _pillow_limit:
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            image = Image.open(BytesIO(data), formats=[name for name in _FORMATS if name in Image.OPEN])
        finally:
            Image.MAX_IMAGE_PIXELS = before
    with image:
        yield image


def _plain(error: Exception) -> str:
    """A library's error in the words of someone who has a folder of photos."""
    text = str(error)
    if isinstance(error, PIL.UnidentifiedImageError):
        return "not a photo of a known format"
    if "truncated" in text.lower() or "premature" in text.lower():
        return "truncated: the end of the file is missing"
    return f"damaged: {text or type(error).__name__}"
