"""Of the photos of cassava 2020 on which three teams agree on another label: how many are ranked first?

    export THRESHER_DATA=...   # a folder that holds cassava_scores/
    python benchmarks/experiments/agreed_doubts.py --work W

Beside it, what could be found at best: boosted trees that are taught the answers of nine tenths of the
photos rank the last tenth, by everything that the scores of the one team say. Who is not taught knows less.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold, cross_val_predict

FIRST = 1460


def agreed_doubts(folder: Path) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """One team's scores, the given labels, and the photos for which three teams agree on another label."""
    read = {path.stem: pd.read_csv(path, index_col="image_id") for path in folder.glob("*.csv")}
    given = read["train"]["label"]
    scores = read["stack14_oof"].reindex(given.index)
    answers = [
        pd.Series(scores.to_numpy().argmax(1), scores.index),
        read["resnext101_oof"]["predict"],
        read["confident_learning"]["guess_label"],
    ]
    first, *others = (one.reindex(given.index) for one in answers)
    return scores, given, (first != given) & (first == others[0]) & (first == others[1])


def ranked(folder: Path, work: Path) -> pd.Index:
    """The photos that `thresher labels` ranks first, by the scores of one team alone."""
    command = ["labels", "--scores", str(folder / "stack14_oof.csv"), "--data", str(folder / "train.csv")]
    subprocess.run([sys.executable, "-m", "thresher", *command, "--out", str(work)], check=True)
    issues = pd.read_parquet(work / "labels" / "issues.parquet").set_index("image_id")
    return issues.index[issues["rank"] <= FIRST]


def taught(scores: pd.DataFrame, given: pd.Series, agreed: pd.Series, seed: int) -> pd.Index:
    """The photos that a ranker puts first which knows the answers of other photos."""
    chances, labels = scores.to_numpy(), given.to_numpy()
    odds, top, classes = np.log(chances), chances.argmax(1), np.eye(chances.shape[1])
    own, best = chances[np.arange(len(chances)), labels], chances.max(1)
    numbers = [own, best - own, np.log(best / own), labels * len(classes) + top]
    known = np.column_stack([chances, odds, -np.sort(-chances), classes[labels], classes[top], *numbers])
    trees = lightgbm.LGBMClassifier(
        n_estimators=150,
        learning_rate=0.05,
        num_leaves=15,
        min_child_samples=30,
        subsample=0.8,
        subsample_freq=1,
        colsample_bytree=0.7,
        reg_lambda=5,
        verbose=-1,
        random_state=seed,
    )
    folds = StratifiedKFold(10, shuffle=True, random_state=seed)
    chance = cross_val_predict(trees, known, agreed.to_numpy(), cv=folds, method="predict_proba")[:, 1]
    return scores.index[np.argsort(-chance, kind="stable")[:FIRST]]


def main() -> None:
    """See the top of the file."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--work", type=Path, required=True)
    words.add_argument("--seeds", type=int, default=5, help="of the ranker that is taught")
    asked = words.parse_args()
    folder = Path(os.environ["THRESHER_DATA"]) / "cassava_scores"
    scores, given, agreed = agreed_doubts(folder)
    found = {"thresher labels": ranked(folder, asked.work)}
    for seed in range(asked.seeds):
        found[f"taught the answers, seed {seed}"] = taught(scores, given, agreed, seed)
    for who, first in found.items():
        right = int(agreed[first].sum())
        print(f"{who}: {right} of {agreed.sum()} in the first {FIRST:,} ({right / agreed.sum():.1%})")


if __name__ == "__main__":
    main()
