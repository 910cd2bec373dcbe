"""The data set of a run: training photos from a folder or a table, test photos beside them."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from thresher.dataset.classes import class_list
from thresher.dataset.folder import read_folder
from thresher.dataset.limit import limited
from thresher.dataset.table import TEST, TRAIN, Dataset
from thresher.dataset.tabular import read_table
from thresher.errors import DataError, name_some
from thresher.registry import nearest

if TYPE_CHECKING:
    from thresher.recipe.schema import DataSection


def open_dataset(
    data: str | Path | pd.DataFrame,
    images: str | Path | None = None,
    test: str | Path | None = None,
    section: "DataSection | None" = None,
) -> Dataset:
    """Reads what a run needs and makes sure that a classifier can be trained on it.

    Args:
        data: a folder of class folders, a CSV or parquet file, or a data frame.
        images: the image folder of a table; see `read_table`.
        test: a folder of photos or a table; its rows come last, as split ``test``. Labels are kept, not used.
        section: the recipe's ``data``.

    Raises:
        DataError: it cannot be read, or no classifier can be trained on it; the message says what to do.
    """
    if section is None:
        from thresher.recipe.schema import DataSection

        section = DataSection()
    if isinstance(data, pd.DataFrame) or not Path(data).is_dir():
        dataset = read_table(data, images, section)
    else:
        dataset = _from_folder(Path(data), images, section)
    _check_trainable(dataset, data)
    if test is not None:
        dataset = _join(dataset, _read_test(Path(test), data, images, section))
    return limited(dataset, section.limit) if section.limit else dataset


def _from_folder(folder: Path, images: str | Path | None, section: "DataSection") -> Dataset:
    if images is not None:
        raise DataError(
            f"{folder} is a folder: its photos are in it. Leave --images out, or give a table as DATA."
        )
    for key in ("group", "source", "split", "weight"):
        if getattr(section, key):
            alone = " Or --set data.source=null: all photos are of one source." if key == "source" else ""
            raise DataError(
                f"data.{key} names a column, and {folder} is a folder: give a table as DATA to use it.{alone}"
            )
    dataset = read_folder(folder)
    if section.classes is None:
        return dataset
    classes = class_list(dataset.classes, section.classes)
    unknown = [name for name in dataset.classes if name not in classes]
    if unknown:
        raise DataError(
            f"{folder}: class folders that are not among data.classes: {name_some(unknown)}"
            f"{nearest(unknown[0], classes)}"
        )
    return replace(dataset, classes=classes)


def _read_test(
    test: Path, data: str | Path | pd.DataFrame, images: str | Path | None, section: "DataSection"
) -> Dataset:
    if test.is_dir():
        return read_folder(test, test=True)
    if not test.exists():
        raise DataError(f"{test}: no such folder or file of test photos")
    more = [] if images is None else [Path(images)]
    if not isinstance(data, pd.DataFrame):
        home = Path(data).absolute()
        more += [home] if home.is_dir() else [home.parent, home.parent / "images", home.parent / "train"]
    more.append(test.absolute().parent / "train")
    section = section.model_copy(update={"classes": None})
    return read_table(test, None, section, split=TEST, more_images=tuple(more))


def _check_trainable(dataset: Dataset, data: str | Path | pd.DataFrame) -> None:
    """At least two classes with a photo that is there."""
    name = "the data frame" if isinstance(data, pd.DataFrame) else str(data)
    notes = "".join(f" ({note})" for note in dataset.notes if "label" in note or "no file" in note)
    if not dataset.labelled.any():
        raise DataError(f"{name}: no photo has a label, so there is nothing to learn{notes}")
    rows = dataset.labelled & dataset.usable
    found = sorted(dataset.frame["label"][rows].unique())
    if len(found) < 2:
        what = f"all labelled photos are {found[0]!r}" if found else "no labelled photo is there"
        raise DataError(f"{name}: {what}; a classifier needs two classes or more{notes}")
    train = dataset.labelled & (dataset.frame["split"] == TRAIN).to_numpy()
    if not train.any():
        raise DataError(f"{name}: no labelled row has the split 'train', so there is nothing to learn from")


def _join(train: Dataset, test: Dataset) -> Dataset:
    """Training rows, then test rows, with the classes of the training part."""
    both = set(train.ids) & set(test.ids)
    if both:
        ours, theirs = (dict(zip(part.ids, part.frame["path"], strict=True)) for part in (train, test))
        same = sorted(name for name in both if ours[name] == theirs[name])
        if same:
            raise DataError(f"photos that are in the training and in the test part: {name_some(same)}")
        raise DataError(
            f"training and test photos that have the same id: {name_some(sorted(both))}. "
            "Give the files distinct names, or use ids with folders: train/1.jpg, test/1.jpg."
        )
    notes = train.notes + tuple(f"test: {note}" for note in test.notes)
    strange = test.frame["label"].notna() & ~test.frame["label"].isin(train.classes)
    if strange.any():
        names = name_some(sorted(test.frame["label"][strange].unique()))
        notes += (
            f"test: {int(strange.sum()):,} labels that no training photo has count as unknown: {names}",
        )
        labels = test.frame["label"].to_numpy(dtype=object, copy=True)
        labels[strange.to_numpy()] = None
        test = test.with_columns(label=pd.Series(labels, index=test.frame.index, dtype=object))
    frame = pd.concat([train.frame, test.frame], ignore_index=True)
    return Dataset(frame, train.classes, notes)
