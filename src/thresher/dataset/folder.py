"""A folder of class folders as a data set."""

import os
from pathlib import Path

import numpy as np

from thresher.dataset.classes import class_list
from thresher.dataset.frame import build_frame
from thresher.dataset.scan import EXTENSIONS, is_hidden, scan
from thresher.dataset.table import TEST, TRAIN, Dataset
from thresher.errors import DataError

_SPLITS = {"train", "training", "valid", "val", "validation", "test", "testing"}


def read_folder(folder: str | Path, test: bool = False) -> Dataset:
    """Reads a folder in which every folder is a class; photos beside the class folders have no label.

    Args:
        folder: class folders may hold folders of their own; hidden files and other file types are skipped.
        test: these are photos without labels, in folders of any meaning.

    Returns:
        rows sorted by path; an image id is the posix path relative to ``folder``.

    Raises:
        DataError: no such folder, or no photos in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder}: {'not a folder' if folder.exists() else 'no such folder'}")
    found = scan(folder)
    if not found.photos:
        raise DataError(f"{folder}: no photos in it (names that end in {', '.join(EXTENSIONS[:6])} and such)")
    ids = np.array(found.photos, dtype=object)
    tops = [name.split("/", 1)[0] if "/" in name else None for name in found.photos]
    labels = np.array([None] * len(ids) if test else tops, dtype=object)
    classes = class_list((label for label in labels if label is not None), None)
    if classes and {name.lower() for name in classes} <= _SPLITS:
        tables = sorted(path.name for path in folder.glob("*.csv"))
        raise DataError(
            f"{folder}: its folders are named {' and '.join(classes)}, which are no classes. Give "
            f"the folder of class folders itself (such as {folder / classes[-1]}), and --test for test photos"
            + (f"; or give a table: {', '.join(tables)}." if tables else ".")
        )
    notes = found.notes
    if not test:
        inside = sorted(path.name for path in folder.iterdir() if path.is_dir())
        skipped = {name for name in inside if is_hidden(name)} | set(classes)
        empty = [name for name in inside if name not in skipped]
        if empty:
            notes += (f"folders without photos are no classes: {', '.join(empty[:10])}",)
    root = os.path.abspath(folder)
    paths = np.array([f"{root}/{name}" for name in found.photos], dtype=object)
    frame = build_frame(ids, paths, label=labels, split=TEST if test else TRAIN)
    return Dataset(frame, classes, notes)
