"""A finished step takes its place as the run itself."""

import shutil

from thresher.files import digest, link_whole
from thresher.pipeline.workspace import Workspace
from thresher.recipe.loader import load
from thresher.run_folder import RunFolder

OWN = ("log.jsonl", ".lock", "features")
"""What a run does not take over: its own log and lock, and features, which are the run's already."""
GONE = ("submission.csv", "duplicates.parquet", "photo_facts.parquet", "drift.parquet")
"""Files that are removed where the step has none."""


def publish(step: RunFolder, space: Workspace) -> None:
    """Links the files of a finished step into the run, each in one move, then forgets what it does not have.

    It takes milliseconds; after a kill in the middle, doing it again puts everything right. Files are linked
    rather than copied where the disk can: no file of a run is ever changed in place.

    Args:
        step: a finished run in a folder below the run.
        space: of the run; its log says at the end that it is finished.
    """
    run = space.run
    for path in sorted(step.root.rglob("*"), key=lambda path: path == step.report):  # the report comes last
        inside = path.relative_to(step.root)
        hidden = any(part.startswith(".") for part in inside.parts) or path.name == "state.pt"
        if path.is_file() and inside.parts[0] not in OWN and not hidden:
            (run.root / inside).parent.mkdir(parents=True, exist_ok=True)
            link_whole(path, run.root / inside)
    models = set(load(str(step.recipe)).models)
    for folder in (run.root / "jobs", run.predictions("oof").parent):
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.is_dir() and path.name not in models:
                shutil.rmtree(path)
    for name in GONE:
        if not (step.root / name).is_file():
            (run.root / name).unlink(missing_ok=True)
    ended = Workspace(step, writes=False).events("finished")[-1]
    space.event("finished", mark=ended["mark"], recipe=digest(run.recipe.read_text(encoding="utf-8")))
