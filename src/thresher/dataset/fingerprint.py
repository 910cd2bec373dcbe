"""A short name for all of a data set that a score can depend on."""

import hashlib
import json
from collections.abc import Iterable

from thresher.dataset.table import Dataset

# Not the path: a data set that was moved is the same. Not the source: it is reported, never used.
_COLUMNS = ("image_id", "label", "group", "split", "weight", "status")


def fingerprint(dataset: Dataset, content: Iterable[str | None]) -> str:
    """Changes with a photo's bytes, a label, a group, a split, a weight, the order of rows, the classes.

    Args:
        dataset: with the final ``status`` of its photos.
        content: the hash of each photo file (N,), as `PhotoCache.content` has it.

    Returns:
        20 hex digits.

    Raises:
        ValueError: not one content hash per row.
    """
    hashes = list(content)
    if len(hashes) != len(dataset):
        raise ValueError(f"{len(hashes)} content hashes for {len(dataset)} rows")
    result = hashlib.blake2b(json.dumps(list(dataset.classes)).encode(), digest_size=10)
    for name in _COLUMNS:
        column = dataset.frame[name]
        values = column.astype(object).where(column.notna(), None).tolist()
        result.update(json.dumps([name, values]).encode())
    result.update(json.dumps(hashes).encode())
    return result.hexdigest()
