"""Which copies of a photo are found? Copies of real paintings are planted, and what is linked is counted.

export THRESHER_DATA=...   # a folder that holds art7/train/
python benchmarks/experiments/duplicates.py --work W   # docs/experiments/duplicates.md, W/own.png
"""

import argparse
import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import torch
from results import machine

from thresher.files import write_text
from thresher.images.cache import PhotoCache
from thresher.inference.views.expand import expand_views
from thresher.inspect.clusters import cluster_table
from thresher.inspect.near_duplicates import find_links
from thresher.pipeline.features import Features
from thresher.recipe.schema import ImagesSection, ModelSection
from thresher.seeds import generator

PAGE = Path(__file__).parents[2] / "docs" / "experiments" / "duplicates.md"
EACH, SIDE, THUMB = 100, 384, 150
JPEG = cv2.IMWRITE_JPEG_QUALITY


def crop(photo: np.ndarray, share: float) -> np.ndarray:
    """The middle of a photo, moved a little to the upper left."""
    high, wide = (round(side * share) for side in photo.shape[:2])
    top, left = (round((side - size) * 0.4) for side, size in zip(photo.shape, (high, wide), strict=False))
    return photo[top : top + high, left : left + wide]


KINDS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], int]] = {
    "the same bytes": (lambda photo: photo, 0),
    "half the size": (
        lambda photo: cv2.resize(photo, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
        95,
    ),
    "JPEG quality 30": (lambda photo: photo, 30),
    "mirrored": (lambda photo: photo[:, ::-1], 92),
    "brighter by 30 %": (lambda photo: cv2.convertScaleAbs(photo, alpha=1.3), 92),
    "crop of 80 % of each side": (lambda photo: crop(photo, 0.8), 92),
    "crop of 60 % of each side": (lambda photo: crop(photo, 0.6), 92),
}


def plant(photos: list[Path], folder: Path) -> pd.DataFrame:
    """Writes copies of some photos; path, kind and original of each."""
    folder.mkdir(parents=True, exist_ok=True)
    order, rows = generator(0, "planted").permutation(len(photos)), []
    for number, (kind, (change, quality)) in enumerate(KINDS.items()):
        for place in order[number * EACH : (number + 1) * EACH]:
            source = photos[place]
            path = folder / f"{number}-{source.name}"
            if quality == 0:
                path.write_bytes(source.read_bytes())
            else:
                image = cv2.imread(str(source))
                cv2.imwrite(str(path), np.ascontiguousarray(change(image)), [JPEG, quality])
            rows.append((path, kind, int(place)))
    return pd.DataFrame(rows, columns=["path", "kind", "of"])


def links_of(paths: list[Path], work: Path, embed: bool) -> pd.DataFrame:
    """Pairs of copies among photos."""
    cache = PhotoCache.open(
        [str(path) for path in paths], SIDE, ImagesSection(cache_dir=str(work / "photos"))
    )
    rows, embeddings = np.arange(len(paths)), None
    if embed:
        section = ModelSection(engine="openvino", precision="bf16")
        features = Features(cache, rows, work / "features", "squish", torch.device("cpu"))
        embeddings = features.view(section, expand_views([{"name": "plain"}])[0])
    return find_links(cache, rows, cache.content, embeddings)


def counted(links: pd.DataFrame, planted: pd.DataFrame, own: set[tuple[int, int]], first: int) -> list[str]:
    """A row of the table for each kind: found, and linked to anything but the original."""
    pairs = list(zip(links["first"], links["second"], strict=True))
    table = cluster_table(np.arange(first + len(planted)), links)
    cluster = dict(zip(table["image_id"], table["cluster"], strict=True))
    lines = []
    for kind in KINDS:
        places = np.flatnonzero(planted["kind"] == kind)
        found = wrong = 0
        for place in places:
            row, original = first + int(place), int(planted["of"].iloc[place])
            found += row in cluster and cluster[row] == cluster.get(original)
            # Wrong: a link of this copy to a photo that is no copy of the original.
            for one, two in pairs:
                if row in (one, two):
                    other = two if one == row else one
                    root = int(planted["of"].iloc[other - first]) if other >= first else int(other)
                    wrong += root != original and (min(root, original), max(root, original)) not in own
        lines.append(f"{found} of {len(places)}, {wrong} wrong")
    return lines


def sheet(photos: list[Path], table: pd.DataFrame, path: Path) -> None:
    """The clusters among the paintings themselves, one a row."""
    strips = []
    for _, part in table.groupby("cluster"):
        tiles = [cv2.resize(cv2.imread(str(photos[row])), (THUMB, THUMB)) for row in part["image_id"]][:6]
        tiles += [np.full((THUMB, THUMB, 3), 255, np.uint8)] * (6 - len(tiles))
        strips.append(np.hstack(tiles))
    half = -(-len(strips) // 2)
    strips += [np.full_like(strips[0], 255)] * (2 * half - len(strips))
    cv2.imwrite(str(path), np.hstack([np.vstack(strips[:half]), np.vstack(strips[half:])]))


TEXT = """\
# Copies of a photo

Written by `benchmarks/experiments/duplicates.py`. The command that makes it again:

    python benchmarks/experiments/duplicates.py --work W

{each} copies of each kind are planted among {photos:,} paintings of seven classes (the art of PACS).
Found: the copy is in one cluster with its original. Wrong: a link between a planted copy and a
painting that is not its original (nor a copy of it among the paintings themselves).

| planted | hash alone | hash and embeddings |
| --- | --- | --- |
{rows}

Among the paintings themselves, without planted ones, {clusters} clusters of {members} photos are linked. All
were looked at (`W/own.png`): {verdict}

Machine: {machine}.
"""
VERDICT = """\
each is one painting twice or three times: scans of other colours,
prints in other frames, a detail of another. A person would call them copies, too."""


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--work", type=Path, required=True)
    work = words.parse_args().work
    photos = sorted((Path(os.environ["THRESHER_DATA"]) / "art7" / "train").glob("*.jpg"))
    own = cluster_table(np.arange(len(photos)), links_of(photos, work, embed=True))
    sheet(photos, own, work / "own.png")
    known = {
        (int(one), int(two))
        for _, part in own.groupby("cluster")
        for one in part["image_id"]
        for two in part["image_id"]
    }
    planted = plant(photos, work / "planted")
    paths = photos + list(planted["path"])
    columns = [counted(links_of(paths, work, embed), planted, known, len(photos)) for embed in (False, True)]
    rows = "\n".join(f"| {kind} | {a} | {b} |" for kind, a, b in zip(KINDS, *columns, strict=True))
    facts = {"each": EACH, "photos": len(photos), "clusters": own["cluster"].nunique(), "members": len(own)}
    write_text(PAGE, TEXT.format(rows=rows, verdict=VERDICT, machine=machine(), **facts))
    print(PAGE.read_text())


if __name__ == "__main__":
    main()
