"""Draws photos of leaves for the recorded walk: six kinds, on paper, linen, slate and wood, at any angle."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from thresher.seeds import generator

KINDS = ("birch", "ginkgo", "linden", "maple", "oak", "willow")
WIDTH, HEIGHT = 960, 720
_GREENS = ((62, 104, 46), (88, 128, 52), (52, 92, 58), (112, 140, 60))
_AUTUMN = {
    "birch": ((196, 160, 52), (172, 128, 44)),
    "ginkgo": ((222, 190, 62), (206, 170, 48)),
    "linden": ((188, 158, 60), (150, 118, 48)),
    "maple": ((178, 62, 38), (204, 108, 40)),
    "oak": ((146, 92, 48), (120, 78, 46)),
    "willow": ((176, 164, 72), (140, 140, 66)),
}
_GROUNDS = {"paper": (232, 226, 212), "linen": (206, 198, 182), "slate": (86, 92, 98), "wood": (164, 124, 84)}
Points = np.ndarray


def draw_leaf(kind: str, seed: int) -> np.ndarray:
    """One photo, uint8 (HEIGHT, WIDTH, 3), RGB."""
    rng = generator(seed, "leaf", kind)
    names = list(_GROUNDS)
    ground = _ground(names[int(rng.integers(len(names)))], rng)
    outline, veins = _SHAPES[kind](rng)
    angle, size = rng.uniform(-0.9, 0.9), rng.uniform(0.31, 0.365) * HEIGHT
    centre = np.array([WIDTH / 2, HEIGHT / 2]) + rng.uniform(-40, 40, 2)
    squeeze = rng.uniform(0.86, 1.0)

    def place(points: Points) -> Points:
        x, y = points[:, 0] * squeeze, -points[:, 1]
        turned = np.stack(
            [x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)], 1
        )
        return turned * size + centre

    mask = _filled(place(outline))
    stem = place(np.array([[0.0, -0.3], [0.0, -0.9], [0.02, -1.12], [rng.uniform(-0.12, 0.12), -1.36]]))
    stem_mask = _lines([stem], 9)
    both = np.maximum(mask, stem_mask)
    shadow = cv2.GaussianBlur(_moved(both, 10, 14), (0, 0), 13)
    photo = ground * (1 - 0.5 * shadow[..., None])
    leaf = _skin(kind, mask, [place(one) for one in veins], rng)
    photo = photo * (1 - stem_mask[..., None]) + np.array([120, 96, 58.0]) * stem_mask[..., None]
    photo = photo * (1 - mask[..., None]) + leaf * mask[..., None]
    x, y = np.meshgrid(np.linspace(-1, 1, WIDTH), np.linspace(-1, 1, HEIGHT))
    light = 1.04 - 0.14 * (x**2 + y**2) + 0.06 * (x * math.cos(angle) + y)
    photo = photo * light[..., None] + rng.normal(0, 2.2, (HEIGHT, WIDTH, 1))
    return cv2.GaussianBlur(photo, (0, 0), 0.6).clip(0, 255).astype(np.uint8)


def write_leaves(folder: Path, each: int) -> Iterator[tuple[str, str]]:
    """Writes photos, and yields the file name and the true kind of each."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(each * len(KINDS)):
        kind = KINDS[number % len(KINDS)]
        name = f"leaf_{number:04d}.jpg"
        photo = draw_leaf(kind, number)
        cv2.imwrite(str(folder / name), photo[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
        yield name, kind


def _skin(kind: str, mask: np.ndarray, veins: list[Points], rng: np.random.Generator) -> np.ndarray:
    """The leaf's colours: from the middle to the rim, with veins and a few spots."""
    pairs = (
        _AUTUMN[kind]
        if rng.random() < 0.5
        else (_GREENS[int(rng.integers(4))], _GREENS[int(rng.integers(4))])
    )
    inner, outer = (np.array(one, float) + rng.normal(0, 7, 3) for one in pairs)
    depth = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
    depth = (depth / max(depth.max(), 1))[..., None]
    mottle = _noise(rng, 9)[..., None] * 0.6 + _noise(rng, 40)[..., None] * 0.4
    blend = (depth * 0.7 + 0.3 * mottle).clip(0, 1)
    skin = inner * blend + outer * (1 - blend)
    skin *= 0.86 + 0.2 * mottle + 0.1 * depth
    for line, width, strength in ((veins[:1], 7, 0.55), (veins[1:], 3, 0.4)):
        if line:
            ink = cv2.GaussianBlur(_lines(line, width), (0, 0), 1.1)[..., None] * strength
            skin = skin * (1 - ink) + np.array([226, 216, 160.0]) * ink
    for _ in range(int(rng.integers(0, 9))):
        spot = np.zeros(mask.shape, np.float32)
        at = (int(rng.uniform(0.25, 0.75) * WIDTH), int(rng.uniform(0.2, 0.8) * HEIGHT))
        cv2.circle(spot, at, int(rng.uniform(3, 11)), 1.0, -1, cv2.LINE_AA)
        spot = cv2.GaussianBlur(spot, (0, 0), 2)[..., None] * 0.55
        skin = skin * (1 - spot) + np.array([84, 54, 32.0]) * spot
    return skin


def _ground(name: str, rng: np.random.Generator) -> np.ndarray:
    """What the leaf lies on."""
    colour = np.array(_GROUNDS[name], float) + rng.normal(0, 5, 3)
    soft, fine = _noise(rng, 6) - 0.5, rng.normal(0, 1, (HEIGHT, WIDTH))
    texture = soft * 14
    if name == "paper":
        texture += cv2.GaussianBlur(fine, (0, 0), 1) * 3
    elif name == "linen":
        texture += cv2.GaussianBlur(fine, (0, 0), sigmaX=9, sigmaY=0.7) * 16
        texture += cv2.GaussianBlur(rng.normal(0, 1, fine.shape), (0, 0), sigmaX=0.7, sigmaY=9) * 16
    elif name == "slate":
        texture += (_noise(rng, 60) - 0.5) * 26 + cv2.GaussianBlur(fine, (0, 0), 1.2) * 5
    else:
        grain = cv2.GaussianBlur(fine, (0, 0), sigmaX=60, sigmaY=1.4)
        texture += grain / grain.std() * 9
        for board in range(1, 4):
            row = int(board * HEIGHT / 4 + rng.uniform(-20, 20))
            texture[row : row + 3] -= 60
            texture[row:] += rng.normal(0, 9)
    return colour + texture[..., None]


def _noise(rng: np.random.Generator, cells: int) -> np.ndarray:
    """Clouds between 0 and 1, ``cells`` across."""
    small = rng.random((max(2, cells * HEIGHT // WIDTH), cells)).astype(np.float32)
    return cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC).clip(0, 1)


def _moved(mask: np.ndarray, right: int, down: int) -> np.ndarray:
    return cv2.warpAffine(mask, np.array([[1.0, 0, right], [0, 1.0, down]]), (WIDTH, HEIGHT))


def _filled(points: Points) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.fillPoly(mask, [np.round(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return mask.astype(np.float32) / 255


def _lines(lines: list[Points], width: int) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    for line in lines:
        cv2.polylines(mask, [np.round(line * 16).astype(np.int32)], False, 255, width, cv2.LINE_AA, 4)
    return mask.astype(np.float32) / 255


def _along(width: Callable[[np.ndarray], np.ndarray], teeth: float, depth: float) -> Points:
    """An outline by its half width along the middle vein, with teeth that point to the tip."""
    t = np.linspace(0, 1, 500)
    half = width(t) * (1 + depth * ((t * teeth) % 1 - 0.5) * np.sin(np.pi * t) ** 0.5)
    y = 2 * t - 1
    return np.concatenate([np.stack([half, y], 1), np.stack([-half, y], 1)[::-1]])


def _ribs(outline: Points, count: int, reach: float, rise: float) -> list[Points]:
    """The middle vein, and pairs of side veins."""
    half = len(outline) // 2
    veins = [np.array([[0.0, -0.98], [0.0, 0.9]])]
    for one in np.linspace(0.1, 0.78, count):
        x = outline[min(half - 1, int((one + rise / 2) * half)), 0] * reach
        y = 2 * one - 1
        for side in (-1, 1):
            veins.append(np.array([[0, y], [side * x * 0.55, y + rise * 0.62], [side * x, y + rise]]))
    return veins


def _birch(rng: np.random.Generator) -> tuple[Points, list[Points]]:
    outline = _along(lambda t: 0.66 * np.sin(np.pi * t**0.72) ** 1.25 * (1 - 0.25 * t), 17, 0.2)
    return outline, _ribs(outline, 6, 0.9, 0.3)


def _linden(rng: np.random.Generator) -> tuple[Points, list[Points]]:
    t = np.linspace(0, 2 * np.pi, 600)
    x = 16 * np.sin(t) ** 3  # the heart curve, its tip up
    y = -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))
    tooth = 1 + 0.035 * ((t * 9.5) % 1 - 0.5)
    outline = np.stack([x * tooth / 19, y * tooth / 16 - 0.1], 1)
    cleft = -5 / 16 - 0.1
    veins = [np.array([[0.0, cleft - 0.02], [0.0, 0.9]])]
    for low, out, high in (
        (-0.36, 0.62, -0.38),
        (-0.3, 0.68, 0.06),
        (-0.1, 0.56, 0.3),
        (0.14, 0.4, 0.5),
        (0.38, 0.22, 0.66),
    ):
        veins += [
            np.array([[0, low], [side * out * 0.5, (low + high) / 2 + 0.03], [side * out, high]])
            for side in (-1, 1)
        ]
    return outline, veins


def _willow(rng: np.random.Generator) -> tuple[Points, list[Points]]:
    bend = rng.uniform(-0.22, 0.22)
    outline = _along(lambda t: 0.19 * np.sin(np.pi * t**0.85) ** 0.9, 34, 0.08)
    veins = _ribs(outline, 11, 0.85, 0.14)
    for points in (outline, *veins):
        points[:, 0] += bend * (1 - points[:, 1] ** 2)
    veins[0] = np.stack([bend * (1 - np.linspace(-1, 0.95, 40) ** 2), np.linspace(-1, 0.95, 40)], 1)
    return outline, veins


def _oak(rng: np.random.Generator) -> tuple[Points, list[Points]]:
    t = np.linspace(0, 1, 500)
    lobes = 0.5 + 0.5 * np.cos(2 * np.pi * (t * 4.5 + 0.1))
    half = 0.62 * np.sin(np.pi * t**1.15) ** 0.75 * (0.48 + 0.52 * lobes)
    y = 2 * t - 1 + 0.06 * np.sin(2 * np.pi * t * 4.5)
    outline = np.concatenate([np.stack([half, y], 1), np.stack([-half, y], 1)[::-1]])
    return outline, _ribs(outline, 4, 0.9, 0.26)


def _maple(rng: np.random.Generator) -> tuple[Points, list[Points]]:
    tips = [(90, 1.08), (38, 1.0), (-14, 0.74)]
    points, base = [], np.array([0.0, -0.34])
    for tip, length in tips:
        below, above = (tip - 26, tip + 26) if tip < 90 else (tip - 26, 90)
        for angle, radius in (
            (above, 0.44),
            (tip + 15, 0.66 * length),
            (tip + 13, 0.58 * length),
            (tip + 7, 0.86 * length),
            (tip, length),
            (tip - 7, 0.86 * length),
            (tip - 13, 0.58 * length),
            (tip - 15, 0.66 * length),
            (below, 0.44),
        ):
            if angle <= 90:
                points.append((angle, radius))
    points.append((-52, 0.4))
    right = np.array([[r * math.cos(math.radians(a)), r * math.sin(math.radians(a))] for a, r in points])
    right = right * 1.25 + base
    right = np.concatenate([right, [[0.03, -0.9]]])
    left = right[::-1] * [-1, 1]
    veins = []
    for tip, length in tips:
        for side in (-1, 1):
            end = [
                side * length * 1.1 * math.cos(math.radians(tip)),
                length * 1.1 * math.sin(math.radians(tip)),
            ]
            veins.append(np.stack([base - (0, 0.1), base + end]))
    veins.insert(0, np.array([(0.0, -0.95), tuple(base), (base[0], base[1] + 1.2)]))
    return np.concatenate([right, left]), veins


def _ginkgo(rng: np.random.Generator) -> tuple[Points, list[Points]]:
    angles = np.radians(np.linspace(8, 172, 300))
    radius = 1.5 * (1 + 0.02 * np.sin(angles * 31) + 0.012 * np.sin(angles * 67))
    radius -= 0.42 * np.exp(-((angles - np.pi / 2) ** 2) / 0.004)
    radius -= 0.25 * np.abs(np.cos(angles)) ** 3
    fan = np.stack([radius * np.cos(angles) * 0.8, radius * np.sin(angles) - 0.82], 1)
    outline = np.concatenate([fan, [[-0.05, -0.92], [0.05, -0.92]]])
    veins = [np.array([[0.0, -0.92], [0.0, -0.9]])]
    for place in range(6, 296, 12):
        veins.append(np.array([[0.0, -0.9], fan[place] * 0.97]))
    return outline, veins


_SHAPES = {
    "birch": _birch,
    "ginkgo": _ginkgo,
    "linden": _linden,
    "maple": _maple,
    "oak": _oak,
    "willow": _willow,
}
