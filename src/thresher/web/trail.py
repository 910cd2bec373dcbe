"""The audit trail of labels, which runs and programs write to as well: only ever appended to.

The columns and what they mean are those of `thresher.repair.history`. That module reads the whole trail for
every question; here it is kept and folded row by row, so that one decision after 20,000 costs milliseconds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thresher.errors import RunError
from thresher.files import write_atomic
from thresher.repair.history import COLUMNS, RECIPE, UNDO

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Change:
    """A row that stands: a photo's label before and after, in the words of corrections.csv."""

    round: int
    old: str
    new: str
    action: str
    note: str


class Trail:
    """The rows of a trail.

    Attributes:
        path: of the parquet file.
        jobs: decisions and jobs that are in it, with their rounds.
        rounds: the last round so far.
    """

    def __init__(self, path: Path) -> None:
        """Reads the trail, if there is one.

        Raises:
            RunError: the file is no trail.
        """
        self.path = path
        self.jobs: dict[str, int] = {}
        self.rounds = 0
        self._stacks: dict[str, list[Change]] = {}
        self._table = _read(path)
        self._mark = mark_of(path)
        if self._table is not None:
            names = ("image_id", "round", "from", "to", "action", "note", "who", "job")
            self._fold({name: self._table[name].to_pylist() for name in names})

    @property
    def current(self) -> bool:
        """Whether nobody else wrote the file since it was read."""
        return self._mark == mark_of(self.path)

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Appends rows, each with some of `COLUMNS`, and writes the file.

        Raises:
            RunError: the disk is full, or the folder cannot be written.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        kinds = {"object": pa.string(), "int64": pa.int64(), "Int64": pa.int64(), "float64": pa.float64()}
        columns = {name: [row.get(name) for row in rows] for name in COLUMNS}
        added = pa.table({name: pa.array(columns[name], kinds[kind]) for name, kind in COLUMNS.items()})
        known = [added] if self._table is None else [self._table, added]
        table = pa.concat_tables(known, promote_options="permissive")
        write_atomic(self.path, lambda file: pq.write_table(table, file))
        self._table, self._mark = table, mark_of(self.path)
        self._fold(columns)

    def knows(self, image_id: str) -> bool:
        """Whether anything was ever decided of a photo, taken back or not."""
        return image_id in self._stacks

    def standing(self) -> Iterator[tuple[str, Change]]:
        """What is left of all decisions after undoing: each photo with its last one."""
        return ((image_id, stack[-1]) for image_id, stack in self._stacks.items() if stack)

    def _fold(self, columns: dict[str, list[Any]]) -> None:
        """Works rows into the stack of decisions of each photo; what jobs of a run did is none."""
        self.jobs.update(zip(columns["job"], columns["round"], strict=True))
        for image_id, number, old, new, action, note, who in zip(
            *(columns[name] for name in ("image_id", "round", "from", "to", "action", "note", "who")),
            strict=True,
        ):
            if who == RECIPE:
                continue
            self.rounds = max(self.rounds, number)
            stack = self._stacks.pop(image_id, [])
            if action == UNDO:
                stack = [one for one in stack if one.round != number]
            else:
                stack.append(Change(number, old or "", new or "", action, note or ""))
            self._stacks[image_id] = stack  # at the end: the latest decision stands last


def _read(path: Path) -> "pa.Table | None":
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            table = pq.read_table(file)
    except (pa.ArrowException, OSError) as error:
        raise RunError(f"{path}: not a whole parquet file ({error}); move it away") from error
    if missing := [name for name in COLUMNS if name not in table.column_names]:
        raise RunError(f"{path}: not a trail of labels, it has no column {missing[0]!r}; move it away")
    return table.replace_schema_metadata()


def mark_of(path: Path) -> tuple[int, int, int] | None:
    """Changes whenever the file is written."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
