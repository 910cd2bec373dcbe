"""The hash is that of the package imagehash, in eight ways to lay a photo down; near ones are all found."""

import imagehash
import numpy as np
import pytest
from inspect_kit import brighter, compressed, resized, scene
from PIL import Image

from thresher.inspect.greys import grey, squeeze
from thresher.inspect.perceptual_hash import hash_candidates, hash_distance, hashes, is_plain
from thresher.inspect.turns import TURNS


def random_greys(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 32, 32), dtype=np.uint8)


def hash_of(photo):
    return hashes(squeeze(grey([photo], 0), 32)[None])[0]


def test_bits_are_those_of_imagehash():
    greys = random_greys(50)
    theirs = [imagehash.phash(Image.fromarray(one)).hash for one in greys]
    ours = [np.unpackbits(np.array([one], ">u8").view(np.uint8)).reshape(8, 8) for one in hashes(greys)[:, 0]]
    assert np.array_equal(np.array(ours, dtype=bool), np.array(theirs))


@pytest.mark.photos
def test_of_real_photos_few_bits_differ_from_imagehash(real_data):
    """It shrinks photos with another filter."""
    bits = []
    for path in sorted((real_data / "art7/train").glob("*.jpg"))[:40]:
        photo = Image.open(path).convert("RGB")
        theirs = np.packbits(imagehash.phash(photo).hash).view(">u8")[0]
        bits.append(int(np.bitwise_count(hash_of(np.asarray(photo))[0] ^ np.uint64(theirs))))
    assert max(bits) <= 6
    assert np.mean(bits) < 2


@pytest.mark.parametrize("place", range(8))
def test_hashes_of_turned_photos_come_from_the_spectrum(place):
    greys = random_greys(30)
    turned = np.ascontiguousarray(TURNS[place](greys))
    assert np.array_equal(hashes(turned)[:, 0], hashes(greys)[:, place])


def test_the_turns_are_the_eight_symmetries_of_a_square():
    square = np.arange(9).reshape(3, 3)
    wanted = [np.rot90(side, turn).tolist() for side in (square, square[:, ::-1]) for turn in range(4)]
    assert sorted(turn(square).tolist() for turn in TURNS) == sorted(wanted)
    assert TURNS[0](square).tolist() == square.tolist()


def brute(found, usable, radius):
    pairs = set()
    for one in range(len(found)):
        for other in range(one + 1, len(found)):
            if usable[one] and usable[other]:
                for turn in range(8):
                    distance = bin(int(found[one, 0]) ^ int(found[other, turn])).count("1")
                    if distance <= radius:
                        pairs.add((one, other, turn, distance))
    return pairs


@pytest.mark.parametrize("block", [1, 150, 10**6])
def test_all_near_hashes_are_found_in_blocks_of_any_size(monkeypatch, block):
    monkeypatch.setattr("thresher.inspect.perceptual_hash.BLOCK", block)
    rng = np.random.default_rng(1)
    found = hashes(random_greys(60))
    for one in range(30, 60):  # some bits of another hash changed
        changed = np.uint64(sum(1 << int(bit) for bit in rng.choice(64, rng.integers(0, 14), replace=False)))
        found[one] = found[one - 30] ^ changed
    usable = rng.random(60) < 0.9
    near = hash_candidates(found, usable)
    columns = (near.first, near.second, near.turn, near.distance)
    result = set(zip(*(column.tolist() for column in columns), strict=True))
    assert result == brute(found, usable, 10)
    assert len(result) > 15
    assert hash_candidates(found[:1], usable[:1]).first.shape == (0,)


def test_of_very_many_near_ones_the_nearest_are_kept():
    found = np.zeros((40, 8), np.uint64)
    found[:, 1:] = np.uint64(2**64 - 1)  # only as they are
    found[0, 0] = np.uint64(1)
    found[20, 0] = np.uint64(1)
    near = hash_candidates(found, np.ones(40, bool))
    assert near.second[near.first == 0].tolist()[0] == 20  # the one at distance 0 comes first
    assert max(np.bincount(near.first)) == 16


def test_copies_are_near_and_others_are_not():
    photos = [scene(seed) for seed in range(12)]
    own = [hash_of(photo) for photo in photos]
    for change in (resized, compressed, brighter, lambda photo: photo[:, ::-1], np.rot90):
        for photo, before in zip(photos, own, strict=True):
            assert hash_distance(before, hash_of(np.ascontiguousarray(change(photo)))) <= 10
    apart = [hash_distance(one, other) for place, one in enumerate(own) for other in own[:place]]
    assert min(apart) > 10


def test_a_photo_of_one_grey_is_plain():
    greys = random_greys(3)
    greys[1] = 80
    greys[1, ::2] += 2
    assert is_plain(greys).tolist() == [False, True, False]
