"""The application: its commands, its errors, its version."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from thresher._version import __version__
from thresher.cli import (
    ablate,
    compare,
    demo,
    ensemble,
    find_lr,
    inspect,
    labels,
    parts,
    predict,
    recipes,
    report,
    review,
    run,
    runs,
)
from thresher.cli.options import Verbose
from thresher.errors import ThresherError

STOPPED = 130


class _Group(TyperGroup):
    """Turns errors that a user can act on into one message without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        from thresher.cli import console

        try:
            return super().invoke(ctx)
        except ThresherError as error:
            console.show_error(error)
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            again = (
                "; give the same command again to continue"
                if ctx.invoked_subcommand in ("run", "ablate")
                else ""
            )
            console.errors().print(f"stopped{again}", style="yellow", highlight=False)
            raise typer.Exit(STOPPED) from None


app = typer.Typer(
    cls=_Group,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"thresher {__version__}")
        raise typer.Exit


@app.callback()
def _thresher(
    version: Annotated[
        bool,
        typer.Option(
            "--version", metavar="", callback=_version, is_eager=True, help="Print the version and leave."
        ),
    ] = False,
    verbose: Verbose = False,
) -> None:
    """From a folder of photos with noisy, unbalanced, few labels to the best classifier they allow.

    The score that it shows is honest: out of fold, with an interval.
    """


app.command("run")(run.run)
app.command("inspect")(inspect.inspect)
app.command("predict")(predict.predict)
app.command("labels")(labels.labels)
app.command("ensemble", cls=ensemble.ManyFiles)(ensemble.ensemble)
app.command("report")(report.report)
app.command("review")(review.review)
app.command("compare")(compare.compare)
app.command("ablate")(ablate.ablate)
app.command("runs")(runs.runs)
app.command("recipes")(recipes.recipes)
app.command("find-lr")(find_lr.find_lr)
app.command("parts")(parts.parts)
app.command("demo")(demo.demo)
