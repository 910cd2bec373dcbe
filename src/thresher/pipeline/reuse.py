"""Jobs that another run has done already: a job is a function of its key, so its files are taken over."""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from thresher.files import link_whole
from thresher.pipeline.bench import Bench, jobs_of, left
from thresher.run_folder import RunFolder


def reuse(bench: Bench, others: Sequence[RunFolder]) -> int:
    """Takes over the jobs that other runs have done and this one has not.

    A job with the same key is taken whole; one that was fitted alike and scored otherwise is only to be
    scored. Files are linked, not copied, where the disk can: no file of a run is ever changed in place.

    Args:
        bench: of this run.
        others: finished runs, or runs that stopped.

    Returns:
        how many jobs were taken over.
    """
    order = {"fit": 0, "score": 1, "nothing": 2}
    taken = 0
    for job in jobs_of(bench.recipe, bench.fold_numbers):
        best, source = left(bench, job), None
        for other in others:
            found = left(replace(bench, run=other), job)
            if order[found] > order[best]:
                best, source = found, other
        if source is not None:
            _take(source.job(job.model, job.seed, job.fold), bench.run.job(job.model, job.seed, job.fold))
            taken += 1
    return taken


def _take(source: Path, target: Path) -> None:
    """Links the files of a job; job.json, which says that they are whole, comes last."""
    target.mkdir(parents=True, exist_ok=True)
    (target / "job.json").unlink(missing_ok=True)
    files = sorted(
        (path for path in source.iterdir() if path.is_file()), key=lambda path: path.name == "job.json"
    )
    for path in files:
        if path.name.startswith(".") or path.name == "state.pt":
            continue
        link_whole(path, target / path.name)
    with contextlib.suppress(OSError):
        (target / "state.pt").unlink()
