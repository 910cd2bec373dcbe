"""``thresher ensemble``: several models' scores made one, and how good that is on photos it did not see."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from thresher.cli.options import Set, Verbose

if TYPE_CHECKING:
    from thresher.metrics.intervals import Interval
    from thresher.pipeline.ensemble import Method, Result

MOST = 6
"""Weights that the table shows of a method."""


class ManyFiles(TyperCommand):
    """Lets ``--scores`` and ``--test`` take all words up to the next option."""

    many = ("--scores", "--test")

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Repeats the option before each of its words."""
        found: list[str] = []
        option: str | None = None
        for word in args:
            if word.startswith("-"):
                option = word if word in self.many else None
                if option is None:
                    found.append(word)
            else:
                found += [word] if option is None else [option, word]
        return super().parse_args(ctx, found)


def ensemble(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[RUN...]", help="Folders of finished runs, all of whose models are taken."),
    ] = None,
    scores: Annotated[
        list[Path] | None,
        typer.Option(
            "--scores",
            metavar="FILE...",
            help="Out-of-fold scores, one file per model: CSV or parquet with image_id and p_CLASS or c0, c1 "
            "... A file named model@view holds one view of a model.",
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels", metavar="TABLE", help="Labels for the files: a table with image_id and label."
        ),
    ] = None,
    test: Annotated[
        list[Path] | None,
        typer.Option(
            "--test", metavar="FILE...", help="Scores of test photos, one file for each of --scores."
        ),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            "--method",
            metavar="NAME|{...}",
            help="One of `thresher parts ensemble`, with settings as {name: greedy, rounds: 200}, or s24 or "
            "another recipe, whose ensemble is taken.",
        ),
    ] = "auto",
    metric: Annotated[
        str,
        typer.Option(
            "--metric",
            help="What is made good: accuracy, balanced_accuracy, macro_f1, log_loss, auc, map@5, or "
            "module:function.",
        ),
    ] = "accuracy",
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where scores, weights and metrics go.")
    ] = Path("ensemble"),
    common: Annotated[
        bool,
        typer.Option("--common", metavar="", help="Take the photos that all models scored, and no others."),
    ] = False,
    folds: Annotated[
        int, typer.Option("--folds", min=2, help="Folds that are dealt where the scores carry none.")
    ] = 5,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Fixes folds and searches.")] = 0,
    set_: Set = None,
    verbose: Verbose = False,
) -> None:
    """Combine the scores of several models, and say how good that is on photos that it did not see.

    Takes runs of this project, files of scores made elsewhere, or both. Whatever is fitted is fitted on all
    folds but one and scored on that one; the naive score, on the photos that it was fitted on, stands beside.
    """
    from thresher.cli import console
    from thresher.cli.display import Display
    from thresher.errors import RecipeError

    spec = _spec(method, metric)
    section = _data(set_ or [])
    places = [*(runs or []), *(scores or [])]
    if not places:
        raise RecipeError("name the folders of runs, or files of scores with --scores")

    from thresher.pipeline.ensemble import ensemble as combine
    from thresher.pipeline.ensemble import write
    from thresher.pipeline.scores import gather
    from thresher.run_folder import EnsembleFolder

    folder = EnsembleFolder(out)
    with Display() as progress:
        given = gather(places, labels, test or [], section=section, common=common, folds=folds, seed=seed)
        for note in given.notes:
            progress.say(note)
        result = combine(given, spec, metric, seed=seed, progress=progress)
        unasked = write(result, given, folder)
        if unasked:
            progress.say(f"{len(unasked):,} test photos are not in the sample submission")
    show(result)
    rows = [("photos", f"{len(given.folds):,}, {len(given.models)} models")]
    if result.sentence:
        rows.append((f"{result.chosen.name} and mean", result.sentence))
    rows += [("page", console.short_path(folder.page)), ("files", console.short_path(out))]
    console.show_facts(rows)


def show(result: "Result") -> None:
    """The table: models, the methods that were tried, the one that was asked for."""
    from rich.text import Text

    from thresher.cli import console

    name = result.metric.name
    title = name if ":" in name else name.replace("_", " ")
    listed = console.table("", f"{title}, nested", "95 %", "naive", "optimism", "weights")
    for model, found in result.models.items():
        listed.add_row(Text(model, style="dim"), *_cells(found[name]), "", "", "")
    methods = [*result.others, result.chosen]
    for one in methods:
        nested, naive = one.nested[name]["value"], one.naive[name]["value"]
        gap = (naive or 0.0) - (nested or 0.0)
        best = (-gap if result.metric.lower_is_better else gap) or 0.0
        style = "bold" if one is result.chosen else ""
        chosen = one.found.fitted.facts.get("chosen")
        listed.add_row(
            Text(f"{one.name} ({chosen})" if chosen else one.name, style=style),
            *_cells(one.nested[name]),
            f"{naive:.4f}" if one.learns else "",
            f"{best:+.4f}" if one.learns else "",
            Text(_weights(one)),
        )
    console.answers().print(listed)


def _cells(found: "Interval") -> tuple[str, str]:
    value, low, high = (found[key] for key in ("value", "low", "high"))
    return f"{value:.4f}", f"{low:.4f} to {high:.4f}"


def _weights(method: "Method") -> str:
    """The largest weights, or how many there are."""
    if method.weights is None:
        return ""
    if max(method.weights.values()) - min(method.weights.values()) < 1e-9:
        return "equal"
    largest = sorted(method.weights.items(), key=lambda item: -item[1])
    shown = [f"{name} {weight:.2f}" for name, weight in largest if weight >= 0.005]
    return ", ".join(shown[:MOST]) + (" ..." if len(shown) > MOST else "")


def _spec(method: str, metric: str) -> dict[str, Any]:
    """The ensemble that --method describes, its metric that of --metric unless it says another."""
    import yaml

    from thresher.errors import RecipeError
    from thresher.metrics.metric import metric as known
    from thresher.recipe.presets import list_presets
    from thresher.registry import family

    known(metric)
    try:
        given = yaml.safe_load(method)
    except yaml.YAMLError as error:
        raise RecipeError(f"--method {method}: not YAML ({error})") from None
    spec = {"name": given} if isinstance(given, str) else given
    if not isinstance(spec, dict) or not isinstance(spec.get("name"), str):
        raise RecipeError(f"--method {method}: write a name, or settings as {{name: greedy, rounds: 200}}")
    settings = {key: value for key, value in spec.items() if key != "name"}
    members = family("ensemble")
    recipes = {info.name for info in list_presets()} - set(members.parts)
    if isinstance(given, str) and given in recipes:
        from thresher.recipe.loader import load

        return dict(load(given).ensemble)
    if "metric" in members.parameters(spec["name"]):
        settings.setdefault("metric", metric)
    return {"name": spec["name"], **members.check(spec["name"], settings)}


def _data(overrides: list[str]) -> Any:
    """The recipe's section ``data`` with overrides: which column of the labels is which."""
    from thresher.errors import RecipeError
    from thresher.recipe.loader import load

    for one in overrides:
        if not one.startswith("data."):
            raise RecipeError(f"--set {one}: only data.* has an effect here, such as data.label=species")
    return load("quick", overrides).data
