"""What other tools read: corrections.csv and history.parquet, written again from the journal."""

import csv
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from thresher.errors import RunError
from thresher.files import write_atomic, write_text
from thresher.run_folder import RunFolder
from thresher.web.decision import JUDGED, Decision
from thresher.web.journal import Journal

if TYPE_CHECKING:
    import pyarrow as pa

METHOD = "review"
"""The method of a person's rows in the history; rows of other methods are kept as they are."""


def write_books(run: RunFolder, journal: Journal) -> None:
    """Writes both files; only inside `Journal.locked`, so that an older state never replaces a newer one.

    Raises:
        RunError: the disk is full, or the folder cannot be written.
    """
    write_text(run.corrections, corrections(journal.standing))
    write_history(run, journal.decisions)


def corrections(standing: Iterable[Decision]) -> str:
    """``image_id,old,new,action,note`` of the photos that were judged; a dropped one has no new label."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["image_id", "old", "new", "action", "note"])
    for one in standing:
        if one.action in JUDGED:
            table.writerow([one.image_id, one.old or "", one.new or "", one.action, one.note])
    return out.getvalue()


def write_history(run: RunFolder, decisions: Iterable[Decision]) -> None:
    """Adds every judgement, undone ones too, and every undo to the audit trail.

    Columns: ``image_id, round, from, to, method, probability, who, time, action, note``. The round of a
    person is 0: it came before any round of a program on its result.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    told = [one for one in decisions if one.action != "skip"]
    columns: dict[str, Any] = {
        "image_id": pa.array([one.image_id for one in told], pa.string()),
        "round": pa.array([0] * len(told), pa.int64()),
        "from": pa.array([one.old for one in told], pa.string()),
        "to": pa.array([one.new for one in told], pa.string()),
        "method": pa.array([METHOD] * len(told), pa.string()),
        "probability": pa.array([one.probability for one in told], pa.float64()),
        "who": pa.array([one.who for one in told], pa.string()),
        "time": pa.array([one.time for one in told], pa.string()),
        "action": pa.array([one.action for one in told], pa.string()),
        "note": pa.array([one.note for one in told], pa.string()),
    }
    table = pa.table(columns)
    others = _of_others(run)
    if others is not None:
        table = pa.concat_tables([others, table], promote_options="permissive")
    write_atomic(run.history, lambda file: pq.write_table(table, file))


def _of_others(run: RunFolder) -> "pa.Table | None":
    """Rows of the history that did not come from this page."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    if not run.history.is_file():
        return None
    try:
        with run.history.open("rb") as file:
            table = pq.read_table(file)
        found = table.filter(pc.fill_null(pc.not_equal(table["method"], METHOD), True))
    except (pa.ArrowException, KeyError) as error:
        raise RunError(f"{run.history}: not a history of labels ({error}); move it away") from error
    return found if len(found) else None
