"""Photos decoded once: the cache, cold and warm, against a loop with Pillow."""

import tempfile
from pathlib import Path

from common import Table, main, make_jpegs, middle, seconds, times_as

SIDE = 288  # what the recipe `quick` keeps


def measure(quick: bool) -> Table:
    """Time to have all photos as small uint8 arrays."""
    import numpy as np
    from PIL import Image, ImageOps

    from thresher.images.cache import PhotoCache
    from thresher.recipe.schema import ImagesSection

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        paths, what = make_jpegs(folder, 40 if quick else 1000, (800, 600))
        sums: dict[str, int] = {}

        def pillow() -> None:
            total = 0
            for path in paths:
                with Image.open(path) as opened:
                    photo = ImageOps.exif_transpose(opened).convert("RGB")
                    shrunk = photo.resize((round(SIDE * 4 / 3), SIDE), Image.Resampling.BOX)
                total += int(np.asarray(shrunk)[::8, ::8].sum())
            sums["pillow"] = total

        def cold(number: int) -> PhotoCache:
            section = ImagesSection(cache_dir=str(folder / f"cache{number}"))
            return PhotoCache.open(paths, SIDE, section)

        def epoch(cache: PhotoCache) -> None:
            sums["cache"] = sum(int(cache[row].copy()[::8, ::8].sum()) for row in range(len(cache)))

        rounds = 1 if quick else 3
        pillow_times, cold_times = [], []
        for number in range(rounds):  # alternated: both sides see the same machine
            pillow_times.append(seconds(pillow, 1))
            cold_times.append(seconds(lambda number=number: cold(number), 1))
        again = cold(0)
        assert again.decoded == 0, "the second run must decode nothing"
        second = seconds(lambda: cold(0), 3)
        read = seconds(lambda: epoch(again), 3)
        base = middle(pillow_times)
        assert abs(sums["cache"] / sums["pillow"] - 1) < 0.02, "both must give the same photos"

    count = len(paths)
    table = Table(
        "Decoding", ("what", "seconds", "photos/s", "times as fast"), notes=[f"{what}; side kept: {SIDE}."]
    )
    for name, value in (
        ("Pillow, one photo after the other (each epoch pays this)", base),
        ("cache, first run: read, check, hash, decode, store", middle(cold_times)),
        ("cache, second run: decodes nothing", second),
        ("one epoch read from the cache", read),
    ):
        table.rows.append((name, f"{value:.3f}", f"{count / value:,.0f}", times_as(base, value)))
    return table


if __name__ == "__main__":
    main(measure)
