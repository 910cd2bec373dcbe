"""Answers for the test photos in the form that a competition asks for."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from thresher.dataset.columns import Columns, read_columns
from thresher.dataset.matching import match_ids
from thresher.errors import DataError, name_some
from thresher.files import write_atomic
from thresher.predictions import Predictions

if TYPE_CHECKING:
    from thresher.recipe.schema import DataSection

_NAME = "sample_submission.csv"


def find_sample(
    data: str | Path | pd.DataFrame, test: str | Path | None = None, section: "DataSection | None" = None
) -> Path | None:
    """The sample submission: the one that the recipe names, else ``sample_submission.csv`` near the data.

    Args:
        data: the table or folder of the run; its own folder is looked at, and a folder's inside.
        test: the test folder or table, likewise.
        section: the recipe's ``data``.

    Raises:
        DataError: the file that the recipe names is not there.
    """
    places = [] if isinstance(data, pd.DataFrame) else [Path(data)]
    places += [Path(test)] if test is not None else []
    folders = [folder for place in places for folder in (place, place.absolute().parent) if folder.is_dir()]
    if section is not None and section.sample_submission:
        for path in (
            Path(section.sample_submission),
            *(folder / section.sample_submission for folder in folders),
        ):
            if path.is_file():
                return path
        raise DataError(f"data.sample_submission = {section.sample_submission!r}: no such file")
    return next((folder / _NAME for folder in folders if (folder / _NAME).is_file()), None)


def write_submission(
    predictions: Predictions, sample: str | Path | None, path: str | Path, partial: bool = False
) -> tuple[str, ...]:
    """Writes the answers as CSV.

    Args:
        predictions: test scores.
        sample: a file whose ids, columns and order are taken over: the id first, then a column for the label,
            or one per class for probabilities. None: ``image_id,label`` in the order of the scores.
        path: of the CSV.
        partial: leave out rows of the sample without scores (a run on a part of the data) instead of failing.

    Returns:
        test ids that the sample does not ask for.

    Raises:
        DataError: the sample has ids without scores, or columns that mean nothing here.
    """
    if sample is None:
        frame = pd.DataFrame({"image_id": predictions.ids, "label": predictions.predicted})
        left: tuple[str, ...] = ()
    else:
        table = read_columns(sample)
        frame, left = _filled(predictions, table, partial)
    write_atomic(path, lambda file: frame.to_csv(file, index=False, lineterminator="\n"))
    return left


def _filled(predictions: Predictions, sample: Columns, partial: bool) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The sample with its answers replaced by ours, and the ids that it does not have."""
    id_name, *answers = sample.header
    asked = sample.values[id_name]
    rows = _rows(predictions, asked)
    if (rows < 0).all():
        raise DataError(
            f"{sample.name}: none of its ids is a test photo (it has {name_some(list(asked), 2)}, "
            f"the test photos are {name_some(list(predictions.ids), 2)})"
        )
    if (rows < 0).any() and not partial:
        raise DataError(
            f"{sample.name}: ids that are not among the test photos: {name_some(list(asked[rows < 0]))} "
            f"in {sample.rows(rows < 0)}"
        )
    unused = np.ones(len(predictions), dtype=bool)
    unused[rows[rows >= 0]] = False
    asked, rows = asked[rows >= 0], rows[rows >= 0]
    frame = pd.DataFrame({id_name: asked})
    if answers and set(answers) <= set(predictions.classes):
        for name in answers:
            frame[name] = predictions.scores[rows, predictions.classes.index(name)]
    elif len(answers) == 1:
        frame[answers[0]] = predictions.predicted[rows]
    else:
        strange = [name for name in answers if name not in predictions.classes]
        raise DataError(
            f"{sample.name}: after the id it needs one column for the label, or one per class; "
            f"{name_some(strange) if strange else 'it has none'}"
        )
    return frame, tuple(predictions.ids[unused])


def _rows(predictions: Predictions, asked: np.ndarray) -> np.ndarray:
    """The row of each asked id (N,), -1 where there is none, by the first spelling that fits any id."""
    if not len(asked):
        raise DataError("the sample submission has no rows")
    if any(name is None for name in asked):
        raise DataError("the sample submission has rows without an id")
    return match_ids(predictions.ids, asked)
