"""Made photos with detail everywhere, and ways to make copies of them."""

import cv2
import numpy as np


def scene(seed, side=200, things=140):
    """A picture of many overlapping ellipses and bars, no two seeds alike: uint8 (side, side, 3)."""
    rng = np.random.default_rng(seed)
    photo = np.full((side, side, 3), rng.integers(60, 200, 3), np.uint8)
    for _ in range(things):
        colour = tuple(int(level) for level in rng.integers(0, 256, 3))
        centre = tuple(int(place) for place in rng.integers(0, side, 2))
        if rng.random() < 0.6:
            axes = tuple(int(length) for length in rng.integers(3, 18, 2))
            cv2.ellipse(photo, centre, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
        else:
            far = tuple(int(place) for place in np.array(centre) + rng.integers(-30, 30, 2))
            cv2.line(photo, centre, far, colour, int(rng.integers(2, 6)), cv2.LINE_AA)
    return cv2.GaussianBlur(photo, (0, 0), 0.8)


def resized(photo, scale=0.5):
    return cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def compressed(photo, quality=30):
    data = cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def cropped(photo, share=0.7, top=0.1, left=0.2):
    height, width = photo.shape[:2]
    y, x = round(top * height), round(left * width)
    return np.ascontiguousarray(photo[y : y + round(share * height), x : x + round(share * width)])


def brighter(photo, gain=1.2, offset=10):
    return np.clip(photo * gain + offset, 0, 255).astype(np.uint8)
