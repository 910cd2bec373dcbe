"""``thresher labels``: which labels look wrong, and how many."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thresher.cli.options import Images, Verbose

if TYPE_CHECKING:
    import pandas as pd

    from thresher.pipeline.label_issues import Judged

SHOWN, CLASSES = 15, 20
"""Photos and classes that are listed."""


def labels(
    run: Annotated[
        Path | None,
        typer.Argument(metavar="[RUN]", help="The folder of a finished run.", show_default=False),
    ] = None,
    scores: Annotated[
        list[Path] | None,
        typer.Option(
            "--scores",
            metavar="FILE",
            help="Instead of a run: out-of-fold scores of another program; several are averaged.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="TABLE|DIR",
            help="The labels for --scores.  [dim]\\[the label column of the scores][/]",
        ),
    ] = None,
    images: Images = None,
    embeddings: Annotated[
        Path | None,
        typer.Option(
            "--embeddings", metavar="NPY", help="Features of the photos, a row for each row of --scores."
        ),
    ] = None,
    method: Annotated[
        str,
        typer.Option("--method", metavar="NAME", help="The finder that ranks: see `thresher parts labels`."),
    ] = "combined",
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A setting of the finder, such as k=20; or, for --scores, a column: data.image_id=file.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="The folder whose labels/ takes the files.  [dim]\\[the run; runs/labels-DATA][/]",
        ),
    ] = None,
    repair: Annotated[
        str | None,
        typer.Option(
            "--repair",
            metavar="ACTION",
            help="Write corrections.csv for `run --corrections`: drop, relabel, soften, weigh, review.",
        ),
    ] = None,
    above: Annotated[
        float | None,
        typer.Option(
            "--above", min=0, max=1, help="Repair labels that are wrong with at least this probability."
        ),
    ] = None,
    top: Annotated[int | None, typer.Option("--top", min=1, help="Repair at most so many labels.")] = None,
    undo: Annotated[
        int | None,
        typer.Option("--undo", metavar="ROUND", help="Take back a round of repairs; judge nothing."),
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Rank photos by how likely their label is wrong, and estimate how many are wrong in each class.

    Photos are judged by models that did not see them: by the out-of-fold scores of a run, or of another
    program.
    """
    from thresher.cli.display import Display
    from thresher.cli.run import default_folder
    from thresher.errors import RecipeError
    from thresher.labels import REGISTRY
    from thresher.recipe.loader import load

    if undo is not None:
        if run is None:
            raise RecipeError("--undo: give the folder whose labels/ holds the repairs")
        _undo(run, undo)
        return
    if (run is None) == (not scores):
        raise RecipeError("give either the folder of a run or --scores FILE")
    if repair is None and (above, top) != (None, None):
        raise RecipeError("--above and --top say which labels --repair ACTION is for: name an action, too")
    if repair is not None and (above, top) == (None, None):
        raise RecipeError("--repair: say --above PROBABILITY or --top NUMBER; else all labels were repaired")
    keys = [text for text in set_ or [] if text.lstrip().startswith("data.")]
    given = {"--data": data, "--images": images, "--embeddings": embeddings, "--set data": keys}
    if run is not None and any(given.values()):
        names = ", ".join(name for name, value in given.items() if value)
        raise RecipeError(f"{names}: for --scores only; a run knows its data")
    settings = REGISTRY.check(method, parsed([text for text in set_ or [] if text not in keys]))
    section = load("quick", keys).data

    from thresher.pipeline.label_issues import judge_run, judge_scores

    with Display() as progress:
        if run is not None:
            judged = judge_run(run, method, settings, out, progress=progress)
        else:
            files = scores or []
            judged = judge_scores(
                files,
                out or default_folder("labels", data or files[0]),
                method,
                settings,
                data=data,
                images=images,
                embeddings=embeddings,
                section=section,
                progress=progress,
            )
    show(judged)
    if repair is not None:
        _repair(judged, repair, above, top, method)


def _repair(judged: "Judged", action: str, above: float | None, top: int | None, method: str) -> None:
    """Decides on the most doubtful labels, and says how to train with that and how to take it back."""
    from thresher.cli import console
    from thresher.pipeline.proposals import decide

    folder = judged.folder
    number, count = decide(folder, judged.issues, action, above=above, top=top, method=method)
    if not number:
        console.show_facts([("repaired", "none: no label is that doubtful, or all were decided on")])
        return
    path = console.short_path(folder.corrections)
    again = f"thresher labels {console.short_path(folder.root)} --undo {number}"
    rows = [("repaired", f"{count:,} labels ({action}), round {number}"), ("corrections", path)]
    console.show_facts([*rows, ("to train", f"thresher run ... --corrections {path}"), ("to undo", again)])


def _undo(root: Path, number: int) -> None:
    """Takes back a round of repairs."""
    from thresher.cli import console
    from thresher.pipeline.proposals import take_back
    from thresher.run_folder import RunFolder

    folder = RunFolder(root)
    count = take_back(folder, number)
    rows = [("taken back", f"{count:,} repairs of round {number}")]
    console.show_facts([*rows, ("corrections", console.short_path(folder.corrections))])


def parsed(texts: list[str]) -> dict[str, Any]:
    """Settings written as ``key=value``, the value in YAML.

    Raises:
        RecipeError: not of this form.
    """
    from thresher.errors import RecipeError
    from thresher.recipe.lines import parse
    from thresher.recipe.problems import Problems

    found, problems = {}, Problems()
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise RecipeError(f"--set {text}: write key=value, such as k=20")
        found[key.strip()] = parse(value, f"--set {text}", problems, override=key.strip()).plain()
    problems.stop()
    return found


def show(judged: "Judged") -> None:
    """The most suspicious photos, the estimate of each class, and where the files are."""
    from rich.text import Text

    from thresher.cli import console

    out = console.answers()
    first = judged.issues.sort_values("rank").head(SHOWN)
    listed = console.table("photo", "given", "suggested", "probably wrong")
    for row in first.to_dict("records"):
        cells = [str(row[key]) for key in ("image_id", "given", "suggested")]
        listed.add_row(*map(Text, cells), f"{row['probability']:.0%}")
    out.print(listed)
    out.print()
    out.print(_classes(judged.amounts))
    out.print()
    estimate, low, high = judged.total
    rows = [("wrong labels", f"about {estimate:,.0f} of {len(judged.issues):,}  (95 %: {low:,} to {high:,})")]
    if judged.sheet is not None:
        rows.append(("sheet", console.short_path(judged.sheet)))
    rows += [("issues", console.short_path(judged.folder.issues))]
    console.show_facts([*rows, ("amounts", console.short_path(judged.folder.amounts))])


def _classes(amounts: "pd.DataFrame") -> Any:
    """The classes with the most wrong labels."""
    from rich.text import Text

    from thresher.cli import console

    listed = console.table("class", "photos", "wrong", "95 %")
    for row in amounts.sort_values("wrong", ascending=False, kind="stable").head(CLASSES).to_dict("records"):
        span = f"{row['low']:,} to {row['high']:,}"
        listed.add_row(Text(str(row["class"])), f"{row['photos']:,}", f"{row['wrong']:,.1f}", span)
    more = len(amounts) - CLASSES
    if more > 0:
        listed.add_row(Text(f"and {more:,} more in amounts.csv", style="dim"))
    return listed
