"""``thresher inspect``: what a data set is like, before anything is trained."""

from thresher.cli.options import Data, Images, RecipeName, Set, Test, Verbose


def inspect(
    data: Data,
    images: Images = None,
    test: Test = None,
    recipe: RecipeName = "quick",
    set_: Set = None,
    verbose: Verbose = False,
) -> None:
    """Look at a data set: classes, sizes, photos that cannot be read, copies.

    Every photo is decoded once; a run of the same recipe decodes nothing again.
    """
    from thresher.cli import console
    from thresher.cli.display import Display
    from thresher.recipe.loader import load

    loaded = load(recipe, set_ or [])

    from thresher.dataset.open import open_dataset
    from thresher.images.cache import PhotoCache
    from thresher.inspect import summarise
    from thresher.pipeline.photos import cache_side

    with Display() as progress:
        dataset = open_dataset(data, images, test, loaded.data)
        cache = PhotoCache.open(
            dataset.frame["path"].tolist(), cache_side(loaded), loaded.images, progress=progress
        )
        found = summarise(dataset, cache)

    out = console.answers()
    for line in found.lines():
        out.print(line, markup=False, soft_wrap=not out.is_terminal)
    groups = "groups" in found.classes
    classes = console.table("class", "photos", "share", *(["groups"] if groups else []))
    for row in found.classes.to_dict("records"):
        cells = [str(row["class"]), f"{row['count']:,}", f"{row['share']:.1%}"]
        classes.add_row(*cells, *([f"{row['groups']:,}"] if groups else []))
    out.print()
    out.print(classes)
    if len(found.broken):
        out.print()
        broken = console.table("photo", "reason")
        for row in found.broken.head(20).to_dict("records"):
            broken.add_row(str(row["image_id"]), str(row["reason"]))
        out.print(broken)
        if len(found.broken) > 20:
            out.print(f"and {len(found.broken) - 20:,} more")
