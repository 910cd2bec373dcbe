"""Photos with near copies among them, and what listens to a run."""

import cv2
import numpy as np
import pandas as pd

from thresher.progress import Progress


def scene(seed, colour, side=96):
    """Many small shapes on a coloured ground: near copies can be told from other photos."""
    rng = np.random.default_rng(seed)
    photo = np.full((side, side, 3), colour, np.uint8)
    for _ in range(60):
        centre = tuple(int(place) for place in rng.integers(0, side, 2))
        axes = tuple(int(length) for length in rng.integers(2, 10, 2))
        shade = tuple(int(level) for level in np.clip(np.array(colour) + rng.integers(-60, 60, 3), 0, 255))
        cv2.ellipse(photo, centre, axes, float(rng.uniform(0, 180)), 0, 360, shade, -1, cv2.LINE_AA)
    return photo


def save_scenes(root):
    """Three classes of ten photos; six of class a have a smaller copy each, one a mirrored one of class b."""
    rows = []
    for number, (label, colour) in enumerate(
        {"a": (90, 90, 150), "b": (90, 140, 100), "c": (150, 100, 90)}.items()
    ):
        for place in range(10):
            photo = scene(100 * number + place, colour)
            cv2.imwrite(str(root / f"{label}{place}.png"), photo)
            rows.append((f"{label}{place}.png", label))
            if label == "a" and place < 6:
                cv2.imwrite(
                    str(root / f"small{place}.png"), cv2.resize(photo, (60, 60), interpolation=cv2.INTER_AREA)
                )
                rows.append((f"small{place}.png", "a"))
            if label == "a" and place == 6:
                cv2.imwrite(str(root / "mirrored.jpg"), photo[:, ::-1])
                rows.append(("mirrored.jpg", "b"))
    return root, pd.DataFrame(rows, columns=["image_id", "label"])


class Told(Progress):
    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)
