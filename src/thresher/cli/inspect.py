"""``thresher inspect``: what a data set is like, before anything is trained."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thresher.cli.options import Data, Images, RecipeName, Set, Test, Verbose
from thresher.cli.run import default_folder

if TYPE_CHECKING:
    from thresher.inspect.survey import Survey

SHOWN = 20
"""Rows of a table in the terminal."""


def inspect(
    data: Data,
    images: Images = None,
    test: Test = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE|DIR", help="Write a page: FILE.html, or inspection.html in DIR."),
    ] = None,
    embeddings: Annotated[
        bool,
        typer.Option(
            "--embeddings/--no-embeddings",
            help="Look for crops and for drift with the recipe's first model.",
        ),
    ] = True,
    recipe: RecipeName = "quick",
    set_: Set = None,
    verbose: Verbose = False,
) -> None:
    """Look at a data set: classes, sizes, light, copies, wrong labels on copies, drift.

    Every photo is decoded once; a run of the same recipe decodes nothing again.
    """
    from thresher.cli import console
    from thresher.cli.display import Display
    from thresher.recipe.loader import load

    loaded = load(recipe, set_ or [])

    from thresher.dataset.open import open_dataset
    from thresher.pipeline.survey import survey

    with Display() as progress:
        dataset = open_dataset(data, images, test, loaded.data)
        found = survey(dataset, loaded, embeddings=embeddings, progress=progress)

    answers = console.answers()
    for line in found.lines():
        answers.print(line, markup=False, soft_wrap=not answers.is_terminal)
    for table, more in _tables(found):
        answers.print()
        answers.print(table)
        if more > 0:
            answers.print(f"and {more:,} more")
    if out is not None:
        from thresher.report.inspect_page import write_inspection

        name = default_folder("", data).name.removeprefix("-")
        path = out if out.suffix.lower() in (".html", ".htm") else out / "inspection.html"
        answers.print()
        console.show_facts([("page", console.short_path(write_inspection(found, name, path)))])


def _tables(found: "Survey") -> "list[tuple[Any, int]]":
    """Tables for the terminal, and how many rows each leaves out."""
    from thresher.cli.console import table

    inspection = found.inspection
    groups = "groups" in inspection.classes
    classes = table("class", "photos", "share", *(["groups"] if groups else []))
    for row in inspection.classes.to_dict("records"):
        cells = [str(row["class"]), f"{row['count']:,}", f"{row['share']:.1%}"]
        classes.add_row(*cells, *([f"{row['groups']:,}"] if groups else []))
    made = [(classes, 0)]
    if len(inspection.broken):
        broken = table("photo", "reason")
        for row in inspection.broken.head(SHOWN).to_dict("records"):
            broken.add_row(str(row["image_id"]), str(row["reason"]))
        made.append((broken, len(inspection.broken) - SHOWN))
    labels = dict(zip(found.dataset.ids, found.dataset.frame["label"], strict=True))
    sets = sorted(found.sets, key=lambda one: (not one.labels_differ, not one.in_train_and_test))
    if sets:
        copies = table("copies", "how", "labels", "parts")
        for one in sets[:SHOWN]:
            differ = [f"{name}: {labels[name]}" for name in one.ids[:4] if labels[name] is not None]
            marked = "DIFFER  " + ", ".join(differ) if one.labels_differ else ", ".join(one.labels)
            names = ", ".join(one.ids[:4]) + (f" and {len(one.ids) - 4:,} more" if len(one.ids) > 4 else "")
            copies.add_row(names, ", ".join(one.kinds), marked, ", ".join(one.splits))
        made.append((copies, len(sets) - SHOWN))
    return made
