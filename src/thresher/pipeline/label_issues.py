"""Judging labels: from what is known of the photos to the files in ``labels/``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from thresher.dataset.store import save_dataset
from thresher.errors import RunError
from thresher.files import write_atomic
from thresher.labels import Evidence
from thresher.labels.amounts import amount, amounts
from thresher.labels.issues import REFERENCE, find_issues
from thresher.pipeline.evidence import Labelled, of_run, of_scores
from thresher.pipeline.workspace import Workspace
from thresher.progress import SILENT, Progress
from thresher.run_folder import RunFolder


@dataclass(frozen=True)
class Judged:
    """What `judge_run` and `judge_scores` leave.

    Attributes:
        folder: where the files are: `RunFolder.issues`, ``amounts``, ``embeddings``, ``sheet``.
        issues: the table of issues.
        amounts: wrong labels per class.
        total: estimate and 95 % interval of all wrong labels.
        sheet: the page of the most suspicious photos; None where there are no photos.
    """

    folder: RunFolder
    issues: pd.DataFrame
    amounts: pd.DataFrame
    total: tuple[float, int, int]
    sheet: Path | None


def judge_run(
    run: str | Path,
    method: str = REFERENCE,
    settings: dict[str, Any] | None = None,
    out: str | Path | None = None,
    *,
    cluster: np.ndarray | None = None,
    progress: Progress = SILENT,
) -> Judged:
    """Judges the labels of a finished run by its out-of-fold scores and its features.

    Where the files go into the run, its report is written again: it then shows the labels that look wrong.

    Args:
        run: the folder.
        method: the finder that ranks.
        settings: of that finder.
        out: the folder whose ``labels`` takes the files; default: the run.
        cluster: name of the cluster of near-duplicates of each row of the issues, None where it has none;
            default: as the run found them.
        progress: told of photos and of what a person should know.

    Raises:
        RunError: not a finished run, or the folder cannot be written.
        RecipeError: no such finder, or a wrong setting.
        DataError: the run lacks what the finder needs.
    """
    folder, recipe, photos = of_run(run, progress)
    target = folder if out is None else RunFolder(Path(out))
    named = photos.cluster if cluster is None else cluster
    judged = _judge(target, photos, method, settings, named, recipe.seed, progress)
    Workspace(folder).event("labels", method=method, wrong=judged.total[0])
    if target == folder:
        from thresher.report import write_report

        write_report(folder)
    return judged


def judge_scores(
    scores: list[Path],
    out: str | Path,
    method: str = REFERENCE,
    settings: dict[str, Any] | None = None,
    *,
    progress: Progress = SILENT,
    **given: Any,
) -> Judged:
    """Judges labels by scores of another program.

    Args:
        scores: files of scores.
        out: the folder whose ``labels`` takes the files; the photos, where there are any, are noted in it.
        method: the finder that ranks.
        settings: of that finder.
        progress: told what a person should know.
        given: ``data``, ``images``, ``embeddings``, ``section``; see `thresher.pipeline.evidence.of_scores`.

    Raises:
        RunError: ``out`` is a run, or cannot be written.
        RecipeError: no such finder, or a wrong setting.
        DataError: the files do not fit each other, or lack what the finder needs.
    """
    folder = RunFolder(Path(out))
    if folder.recipe.is_file():
        raise RunError(f"{out}: is the folder of a run. Choose another one with --out.")
    photos = of_scores(scores, progress=progress, **given)
    judged = _judge(folder, photos, method, settings, None, 0, progress)
    save_dataset(photos.dataset, folder.dataset)
    return judged


def _judge(
    folder: RunFolder,
    photos: Labelled,
    method: str,
    settings: dict[str, Any] | None,
    cluster: np.ndarray | None,
    seed: int,
    progress: Progress,
) -> Judged:
    """Runs the finders and writes the files, the table of issues last."""
    readable = np.flatnonzero(~photos.unread)
    progress.start("finders", len(readable))
    found = find_issues(
        _take(photos.evidence, readable),
        photos.dataset.ids[readable],
        photos.classes,
        method,
        settings,
        None if cluster is None else cluster[readable],
        seed,
    )
    progress.advance(len(readable))
    progress.finish()
    for note in found.notes:
        progress.say(note)
    frame = with_unread(found.frame, photos)
    table = amounts(frame["given"].to_numpy(), frame["probability"].to_numpy(), photos.classes)
    total = amount(frame["probability"].to_numpy())
    if photos.evidence.embeddings is not None:
        array = photos.evidence.embeddings.astype(np.float32)
        write_atomic(folder.embeddings, lambda file: np.save(file, array))
    else:
        folder.embeddings.unlink(missing_ok=True)
    write_atomic(folder.amounts, lambda file: table.to_csv(file, index=False, lineterminator="\n"))
    sheet = _sheet(folder, photos, frame, total)
    write_atomic(folder.issues, lambda file: frame.to_parquet(file, index=False))
    return Judged(folder, frame, table, total, sheet)


def _take(evidence: Evidence, rows: np.ndarray) -> Evidence:
    """Some of the photos."""
    members, embeddings, groups = evidence.members, evidence.embeddings, evidence.groups
    return Evidence(
        evidence.targets[rows],
        evidence.scores[rows],
        None if members is None else members[:, rows],
        None if embeddings is None else embeddings[rows],
        None if groups is None else groups[rows],
    )


def with_unread(frame: pd.DataFrame, photos: Labelled) -> pd.DataFrame:
    """The issues of the photos that were judged, and a row for each that cannot be read.

    Of these the scores say nothing: they come last, their label is as likely wrong as those of their class
    are on average, the most frequent other class is suggested, and no finder has a score for them.

    Args:
        frame: issues of the readable photos, in their order.
        photos: all N.
    """
    unread = photos.unread
    if not unread.any():
        return frame
    names = np.asarray(photos.classes, dtype=object)
    targets = photos.evidence.targets
    places = np.flatnonzero(unread)
    usual = frame.groupby("given")["probability"].mean()
    overall = float(frame["probability"].mean()) if len(frame) else 0.0
    given = names[targets[places]]
    others = np.bincount(targets, minlength=len(names))[None, :].repeat(len(places), axis=0)
    others[np.arange(len(places)), targets[places]] = -1
    more = pd.DataFrame(
        {
            "image_id": photos.dataset.ids[places],
            "given": given,
            "suggested": names[others.argmax(1)],
            "probability": [float(usual.get(name, overall)) for name in given],
            "rank": np.arange(len(frame) + 1, len(photos.dataset) + 1),
        }
    )
    joined = pd.concat([frame, more], ignore_index=True)
    order = np.argsort(np.concatenate([np.flatnonzero(~unread), places]), kind="stable")
    return joined.iloc[order].reset_index(drop=True)


def _sheet(
    folder: RunFolder, photos: Labelled, frame: pd.DataFrame, total: tuple[float, int, int]
) -> Path | None:
    """The page with the most suspicious photos, where there are photos."""
    if not photos.dataset.usable.any():
        folder.sheet.unlink(missing_ok=True)
        return None
    from thresher.report.label_sheet import write_sheet

    paths = dict(zip(photos.dataset.ids, photos.dataset.frame["path"], strict=True))
    return write_sheet(folder.sheet, folder.root.resolve().name, frame, paths, total)
