"""Planted copies are found, each as what it is, and nothing else is."""

import hashlib

import cv2
import numpy as np
import pytest
from inspect_kit import brighter, compressed, cropped, resized, scene

from thresher.inspect.clusters import KINDS, components
from thresher.inspect.near_duplicates import find_links

PLANTED = {
    "copy": [resized, compressed, brighter, lambda photo: compressed(resized(photo, 0.7), 50)],
    "flipped": [
        lambda photo: photo[:, ::-1],
        lambda photo: resized(np.rot90(photo), 0.8),
        lambda photo: compressed(photo[::-1], 60),
    ],
    "crop": [
        lambda photo: cropped(photo, 0.8, 0.1, 0.1),
        lambda photo: cropped(photo, 0.6, 0.4, 0.0),
        lambda photo: resized(cropped(photo[:, ::-1], 0.7, 0.0, 0.3), 1.3),
    ],
}


def planted(kinds, singles=12):
    """Photos, then a copy of each of the first ones; the kind of each copy."""
    changes = [(kind, change) for kind in kinds for change in PLANTED[kind]]
    photos = [scene(seed) for seed in range(singles)]
    photos += [np.ascontiguousarray(change(photos[place])) for place, (_, change) in enumerate(changes)]
    return photos, [kind for kind, _ in changes]


def embeddings_of(photos, pairs, seed=0):
    """Far apart but for the given pairs."""
    points = np.random.default_rng(seed).normal(0, 1, (len(photos), 32))
    for one, other in pairs:
        points[other] = points[one] + 0.3 * points[other]
    return points.astype(np.float32)


def content_of(photos):
    return [hashlib.sha256(photo.tobytes()).hexdigest() for photo in photos]


def found_in(photos, embeddings=None, rows=None):
    rows = np.arange(len(photos)) if rows is None else rows
    return find_links(photos, rows, content_of(photos), embeddings)


def test_hashes_find_copies_of_all_kinds_but_crops():
    photos, kinds = planted(["copy", "flipped", "crop"])
    links = found_in(photos)
    wanted = [(place, 12 + place, kind) for place, kind in enumerate(kinds) if kind != "crop"]
    assert list(zip(links["first"], links["second"], links["kind"], strict=True)) == wanted
    assert (links["distance"] <= 10).all()
    assert (links["agreement"] > 0.85).all()


def test_neighbours_find_crops_too_and_candidates_that_are_no_copies_are_dropped():
    photos, kinds = planted(["copy", "crop"])
    own = [(place, 12 + place) for place in range(len(kinds))]
    embeddings = embeddings_of(photos, [*own, (9, 10), (10, 11), (8, 11)])
    links = found_in(photos, embeddings)
    found = list(zip(links["first"], links["second"], links["kind"], strict=True))
    assert found == [(*pair, kind) for pair, kind in zip(own, kinds, strict=True)]


def test_the_same_bytes_are_linked_to_the_first_of_them():
    photos, _ = planted(["copy"])
    photos += [photos[3], photos[3], photos[12]]
    links = found_in(photos)
    exact = links[links["kind"] == "exact"]
    assert list(zip(exact["first"], exact["second"], strict=True)) == [(3, 16), (3, 17), (12, 18)]
    assert (exact["agreement"] == 1).all()
    assert len(links) == 3 + 4  # the others are not looked at again
    clusters = components(len(photos), links[["first", "second"]].to_numpy())
    assert clusters[0] == clusters[12] == clusters[18]
    assert clusters[3] == clusters[16] == clusters[17]


def test_the_same_scene_with_something_put_into_it_is_altered():
    photo = scene(1)
    changed = photo.copy()
    for bottom in (30, 197):
        cv2.rectangle(changed, (4, bottom - 27), (196, bottom), (240, 240, 240), -1)
        cv2.putText(changed, "SALE 50 %", (15, bottom - 3), cv2.FONT_HERSHEY_SIMPLEX, 1, (0, 0, 200), 3)
    photos = [photo, changed, *(scene(seed) for seed in range(2, 16))]
    links = found_in(photos, embeddings_of(photos, [(0, 1)]))
    assert list(zip(links["first"], links["second"], links["kind"], strict=True)) == [(0, 1, "altered")]


def test_broken_rows_are_left_out_and_rows_are_named_as_in_the_table():
    photos, _ = planted(["copy"])
    rows = np.array([place for place in range(len(photos)) if place not in (2, 5)])
    table = {int(row): photos[row] for row in rows}
    content = content_of(photos)
    content[7] = None
    links = find_links(table, rows, content, embeddings_of(photos, [])[rows])
    assert list(zip(links["first"], links["second"], strict=True)) == [(0, 12), (1, 13), (3, 15)]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_hardly_any_photos(count):
    photos = [scene(0)] * count
    links = find_links(photos, np.arange(count), [None] * count, np.ones((count, 4), np.float32))
    assert len(links) == max(0, count - 1)
    assert list(links) == ["first", "second", "kind", "distance", "agreement"]


def test_plain_photos_and_photos_of_lines_are_no_copies_of_each_other():
    plain = [np.full((60, 60, 3), 100 + place, np.uint8) for place in range(5)]
    cell = np.full((200, 200, 3), 150, np.uint8)
    for y in (40, 100, 160):
        cv2.line(cell, (0, y), (199, y), (30, 30, 30), 4)
    noise = np.random.default_rng(0).normal(0, 4, (5, 200, 200, 1))
    cells = [np.clip(cell + one, 0, 255).astype(np.uint8) for one in noise]
    photos = plain + cells
    assert len(found_in(photos, embeddings_of(photos, [(0, 1), (5, 6), (7, 8)]))) == 0


def test_features_tell_how_a_photo_was_turned():
    from thresher.inspect.look import Look

    photo = scene(2)
    photos = [photo, np.ascontiguousarray(np.rot90(photo)), np.ascontiguousarray(photo[:, ::-1])]
    photos += [resized(photo, 0.6), cropped(np.ascontiguousarray(np.rot90(photo)), 0.7)]
    look = Look(photos, np.arange(5))
    assert [look.by_features(0, other).kind for other in range(1, 5)] == [
        "flipped",
        "flipped",
        "copy",
        "crop",
    ]


def test_equal_photos_give_equal_links():
    photos, _ = planted(["copy", "flipped", "crop"])
    embeddings = embeddings_of(photos, [(place, 12 + place) for place in range(10)])
    first = found_in(photos, embeddings)
    assert first.equals(found_in(photos, embeddings))
    assert set(first["kind"]) <= set(KINDS)


@pytest.mark.photos
def test_copies_planted_in_paintings(real_data):
    """150 paintings and a copy of each of 50: all copies are found, and no two different paintings."""
    paths = sorted((real_data / "art7/train").glob("*.jpg"))[:151]
    paths.remove(real_data / "art7/train/00051.jpg")  # shows a part of 00047.jpg
    photos = [cv2.imread(str(path), cv2.IMREAD_COLOR_RGB) for path in paths]
    changes = [resized, compressed, lambda photo: photo[:, ::-1], brighter, lambda photo: cropped(photo, 0.8)]
    kinds = ["copy", "copy", "flipped", "copy", "crop"]
    photos += [np.ascontiguousarray(changes[place % 5](photos[place])) for place in range(50)]
    own = [(place, 150 + place) for place in range(50)]
    links = found_in(photos, embeddings_of(photos, own))
    pairs = set(zip(links["first"], links["second"], strict=True))
    assert pairs <= set(own)
    assert len(pairs) >= 49
    assert np.mean([kinds[first % 5] for first in links["first"]] == links["kind"]) > 0.9
