"""Made evidence of wrong labels that the tests of the room share."""

from dataclasses import replace

import numpy as np

from thresher.labels import Evidence


def softmax(logits):
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    return shifted / shifted.sum(-1, keepdims=True)


def frozen(evidence):
    """Nobody may write into what was measured."""
    for name in ("targets", "scores", "members", "embeddings", "groups"):
        array = getattr(evidence, name)
        if array is not None:
            array.flags.writeable = False
    return evidence


def planted(seed=0, photos=300, classes=5, share=0.12, members=3, grouped=False):
    """Separable photos of which a share has a wrong label; returns the evidence and who is wrong (N,)."""
    rng = np.random.default_rng(seed)
    true = rng.choice(classes, photos, p=np.arange(1, classes + 1) / np.arange(1, classes + 1).sum())
    true[:classes] = np.arange(classes)
    centres = rng.normal(size=(classes, 16)) * 2
    embeddings = (centres[true] + rng.normal(size=(photos, 16))).astype(np.float32)
    wrong = rng.random(photos) < share
    targets = np.where(wrong, (true + rng.integers(1, classes, photos)) % classes, true)
    # What each member knows, and a little of the wrong labels that it learned from.
    logits = 4 * np.eye(classes)[true] + 0.6 * np.eye(classes)[targets]
    scores = softmax(logits + rng.normal(size=(members, photos, classes)))
    groups = np.arange(photos) // 2 if grouped else None
    return frozen(Evidence(targets, scores.mean(0), scores, embeddings, groups)), wrong


def take(evidence, rows):
    """Some rows in another order."""

    def rows_of(array):
        return None if array is None else array[rows]

    members = None if evidence.members is None else evidence.members[:, rows]
    return frozen(
        Evidence(
            evidence.targets[rows],
            evidence.scores[rows],
            members,
            rows_of(evidence.embeddings),
            rows_of(evidence.groups),
        )
    )


def reorder(evidence, order):
    """The classes in another order: new class j is the old class ``order[j]``."""
    place = np.argsort(order)
    members = None if evidence.members is None else evidence.members[..., order]
    return frozen(
        replace(
            evidence,
            targets=place[evidence.targets],
            scores=evidence.scores[:, order],
            members=members,
        )
    )


def odd_evidence():
    """Name -> evidence that finders have stumbled over."""
    usual, _ = planted(1, 60)
    some = np.random.default_rng(2)

    def made(targets, scores, embeddings=None, groups=None):
        scores = np.asarray(scores, dtype=np.float64)
        members = np.stack([scores, scores[:, ::-1] if scores.shape[1] > 1 else scores])
        if embeddings is None:
            embeddings = some.normal(size=(len(scores), 6)).astype(np.float32)
        return frozen(Evidence(np.asarray(targets), scores, members, embeddings, groups))

    def wide(rows, classes):
        return softmax(some.normal(size=(rows, classes)))

    zero = np.array(usual.embeddings)
    zero[::3] = 0
    return {
        "one photo": made([1], wide(1, 3)),
        "two photos of one class": made([2, 2], wide(2, 3)),
        "two photos of two classes": made([0, 2], wide(2, 3)),
        "one class": made([0] * 4, np.ones((4, 1))),
        "one photo of one class": made([0], np.ones((1, 1))),
        "one photo in a class": made([0] * 9 + [1], wide(10, 2)),
        "a class without a photo": made(some.integers(0, 2, 20) * 2, wide(20, 4)),
        "as many classes as photos": made(np.arange(12), wide(12, 12)),
        "all scores alike": made(some.integers(0, 3, 15), np.full((15, 3), 1 / 3)),
        "sure of everything, wrong or right": made(some.integers(0, 3, 15), np.eye(3)[np.arange(15) % 3]),
        "sure of a class that no photo has": made(some.integers(0, 2, 9), np.eye(3)[np.full(9, 2)]),
        "equal embeddings": made(some.integers(0, 3, 15), wide(15, 3), np.ones((15, 4), np.float32)),
        "photos that cannot be read": frozen(replace(usual, embeddings=zero)),
        "all in one group": frozen(replace(usual, groups=np.zeros(60, np.int64))),
        "many classes": made(some.integers(0, 300, 400), wide(400, 300)),
    }
