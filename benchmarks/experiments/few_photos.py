"""Can the default finder be believed where photos are few? Mistakes planted among paintings.

    export THRESHER_DATA=...   # a folder that holds art7/train.csv and art7/train/
    python benchmarks/experiments/few_photos.py find --work W
    python benchmarks/experiments/few_photos.py page --work W  # writes docs/experiments/few_photos.md

A number that is in W/results.jsonl already is not computed again: the same command goes on where it stopped.
"""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from results import Results, machine

from thresher.files import digest, write_text
from thresher.images.cache import PhotoCache
from thresher.inference.views.expand import expand_views
from thresher.labels import Evidence
from thresher.labels.combined import Combined
from thresher.models.linear import held_out_scores, inner_split
from thresher.pipeline.features import Features
from thresher.recipe.schema import ImagesSection, LinearStage, ModelSection
from thresher.seeds import derive, generator

PAGE = Path(__file__).parents[2] / "docs" / "experiments" / "few_photos.md"
COUNTS, SHARES, SEEDS = (100, 150, 300, 600, 1200), (0.0, 0.1, 0.2, 0.4), range(5)


def frozen(work: Path) -> tuple[np.ndarray, np.ndarray]:
    """Features (2, N, D) of all paintings, plain and mirrored, and their class indices (N,)."""
    folder = Path(os.environ["THRESHER_DATA"]) / "art7"
    table = pd.read_csv(folder / "train.csv")
    paths = [str(folder / "train" / name) for name in table["image_id"]]
    cache = PhotoCache.open(paths, 224, ImagesSection(cache_dir=str(work / "photos")))
    made = Features(cache, np.arange(len(paths)), work / "features", "squish", torch.device("cpu"))
    section = ModelSection(engine="openvino", precision="bf16")
    views = expand_views([{"name": "plain"}, {"name": "hflip"}])
    targets = np.unique(table["label"].to_numpy(dtype=str), return_inverse=True)[1]
    return np.stack([made.view(section, view) for view in views]), targets


def trial(features: np.ndarray, truth: np.ndarray, count: int, share: float, seed: int) -> dict[str, float]:
    """So many photos of which a share is given a wrong class: what the finder says, and what is so."""
    rng, classes = generator(seed, "few photos", count, round(100 * share)), int(truth.max()) + 1
    rows = np.sort(rng.permutation(len(truth))[:count])
    right = truth[rows]
    wrong = rng.random(count) < share
    given = np.where(wrong, (right + rng.integers(1, classes, count)) % classes, right)
    inner = inner_split(given, None, 5, derive(seed, "judge"))
    scores = held_out_scores(features[:, rows], given, classes, LinearStage().penalties, inner)
    said = Combined().find(Evidence(given, scores, embeddings=features[:, rows].mean(axis=0)), seed).score
    doubted = said > 0.5
    return {
        "wrong": int(wrong.sum()),
        "said": float(said.sum()),
        "doubts": int(doubted.sum()),
        "hits": int((wrong & doubted).sum()),
        "trust": float(said[doubted].sum()),
    }


TEXT = """\
# Few photos

Written by `benchmarks/experiments/few_photos.py`. The commands that make it again:

    python benchmarks/experiments/few_photos.py find --work W
    python benchmarks/experiments/few_photos.py page --work W

Some of 1,228 paintings of seven classes, a share of them given a wrong class at random; scores of linear
heads on inner folds, features of a frozen tf_efficientnet_lite0 of the plain and the mirrored photo;
`combined` with its default settings. Sums over {seeds} draws. A *doubt* is a photo whose label the finder
calls wrong with a probability above .5: *right* is the share of doubts that are, *said* the mean of their
probabilities. Where the two are equal, the finder can be believed.

{table}

Machine: {machine}.
"""


def table(results: Results) -> Iterator[str]:
    """Markdown: a row for each number of photos and share."""
    frame = pd.DataFrame(results.known.values())
    yield "| photos | wrong labels | estimated | doubts | right | said | found |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for (count, _), part in frame.groupby(["photos", "share"]):
        total = part[["wrong", "said", "doubts", "hits", "trust"]].sum()
        of_doubts = [f"{100 * total[name] / max(total['doubts'], 1):.0f} %" for name in ("hits", "trust")]
        found = f"{100 * total['hits'] / total['wrong']:.0f} %" if total["wrong"] else "-"
        cells = [f"{count:,}", f"{total['wrong']:,.0f}", f"{total['said']:,.0f}", f"{total['doubts']:,.0f}"]
        yield f"| {' | '.join([*cells, *of_doubts, found])} |"


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("what", choices=("find", "page"))
    words.add_argument("--work", type=Path, required=True, help="folder for features and results")
    given = words.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    results = Results(given.work)
    if given.what == "page":
        text = TEXT.format(seeds=len(SEEDS), table="\n".join(table(results)), machine=machine())
        write_text(PAGE, text)
        print(PAGE)
        return
    features, truth = frozen(given.work)
    for count in COUNTS:
        for share in SHARES:
            for seed in SEEDS:
                key = digest([count, share, seed])
                if key not in results.known:
                    found = trial(features, truth, count, share, seed)
                    results.add({"key": key, "photos": count, "share": share, "seed": seed, **found})
            print(f"{count} photos, {share:.0%} wrong: done", flush=True)


if __name__ == "__main__":
    main()
