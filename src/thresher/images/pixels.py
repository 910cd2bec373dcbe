"""What Pillow opened, as 8-bit RGB; and the eight ways a camera can be held."""

import numpy as np
from PIL import Image


def to_rgb(image: Image.Image) -> np.ndarray:
    """The pixels of an image of any mode.

    Transparent parts become white: cut-outs, drawings and scans are made to be looked at on a white page;
    the colour that a file keeps under transparent pixels is arbitrary (black, mostly).

    Returns:
        uint8 (H, W, 3).

    Raises:
        ValueError: pixel values that have no clear meaning as a photo.
    """
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        return np.repeat(_to_8_bits(np.asarray(image))[:, :, None], 3, axis=2)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        image = Image.new("RGB", rgba.size, "white")
        image.paste(rgba, mask=rgba.getchannel("A"))
    return np.array(image if image.mode == "RGB" else image.convert("RGB"))


def _to_8_bits(values: np.ndarray) -> np.ndarray:
    """Deep grey values scaled, not clipped: 16 bits by 1/257; floats by their range."""
    if not np.isfinite(values).all():
        raise ValueError("pixel values that are not finite")
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 65535:
        raise ValueError(f"pixel values from {low:g} to {high:g}: save it with 8 or 16 bits per channel")
    if values.dtype.kind == "f":
        scale = 255.0 if high <= 1 else 1.0 if high <= 255 else 1 / 257
        return np.rint(values * scale).astype(np.uint8)
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


def upright(photo: np.ndarray, orientation: int) -> np.ndarray:
    """Turns a photo as its EXIF orientation says.

    Args:
        photo: (H, W, 3).
        orientation: 1 to 8 (EXIF 2.3, tag 0x0112); any other value leaves the photo as it is.
    """
    if orientation in (5, 6, 7, 8):
        photo = photo.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        photo = photo[:, ::-1]
    if orientation in (3, 4, 7, 8):
        photo = photo[::-1]
    return np.ascontiguousarray(photo)
