"""``thresher ablate``: does it help? Variants of a recipe on the same photos, folds and seeds."""

from pathlib import Path
from typing import Annotated

import typer

from thresher.cli.options import Images, Set, Smoke, Verbose


def ablate(
    recipe: Annotated[
        str,
        typer.Argument(metavar="RECIPE", help="A recipe of the package or a YAML file.", show_default=False),
    ],
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA",
            help="A folder of class folders, or a CSV or parquet file with image_id and label.",
            show_default=False,
        ),
    ],
    over: Annotated[
        list[str] | None,
        typer.Option(
            "--over",
            metavar="KEY=[...]",
            help="A key of every model (or of the recipe) and its values; the first value is the baseline's. "
            "Give it as often as needed: one key is then changed at a time.",
        ),
    ] = None,
    grid: Annotated[
        bool, typer.Option("--grid", metavar="", help="Every combination of the values.")
    ] = False,
    seeds: Annotated[
        str | None,
        typer.Option("--seeds", metavar="0,1,...", help="Seeds of every model; their scores are averaged."),
    ] = None,
    images: Images = None,
    set_: Set = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="The folder.  [dim]\\[runs/ablation-RECIPE-DATA][/]"),
    ] = None,
    smoke: Smoke = False,
    verbose: Verbose = False,
) -> None:
    """Try variants of a recipe on the same photos, folds and seeds, and say which of them helps.

    For example: thresher ablate standard photos/ --over 'stages.*.mixing=\\[none, cutmix, mixup]'

    Each variant is compared with the baseline, paired; p values are corrected for their number. Jobs that are
    equal are done once, and the same command continues where it was stopped.
    """
    from thresher.cli import console
    from thresher.cli.compare import show
    from thresher.cli.display import Display
    from thresher.cli.run import default_folder
    from thresher.recipe.variants import make_variants

    overrides = [*(set_ or []), *([f"models.*.seeds=[{seeds.strip('[]')}]"] if seeds is not None else [])]
    variants = make_variants(recipe, over or [], overrides, grid=grid, smoke=smoke)
    title = f"{variants[0].recipe.name}: {', '.join(variants[0].settings)}"
    folder = out or default_folder(f"ablation-{variants[0].recipe.name}", data)

    from thresher.dataset.open import open_dataset
    from thresher.pipeline.ablate import ablate as run_variants

    with Display() as progress:
        dataset = open_dataset(data, images, None, variants[0].recipe.data)
        done = run_variants(dataset, variants, folder, title=title, progress=progress)
    show(done.standing)
    console.show_facts([("page", console.short_path(done.page)), ("table", console.short_path(done.table))])
