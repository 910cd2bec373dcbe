"""Of the photos of cassava 2020 on which three teams agree on another label: how many are ranked first?

export THRESHER_DATA=...   # a folder that holds cassava_scores/
python benchmarks/experiments/agreed_doubts.py --work W
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd

FIRST = 1460


def main() -> None:
    """See the top of the file."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--work", type=Path, required=True)
    work = words.parse_args().work
    folder = Path(os.environ["THRESHER_DATA"]) / "cassava_scores"
    read = {path.stem: pd.read_csv(path, index_col="image_id") for path in folder.glob("*.csv")}
    given = read["train"]["label"]
    stack = read["stack14_oof"]
    answers = [
        pd.Series(stack.to_numpy().argmax(1), stack.index),
        read["resnext101_oof"]["predict"],
        read["confident_learning"]["guess_label"],
    ]
    first, *others = (one.reindex(given.index) for one in answers)
    agreed = (first != given) & (first == others[0]) & (first == others[1])
    command = ["labels", "--scores", str(folder / "stack14_oof.csv"), "--data", str(folder / "train.csv")]
    subprocess.run([sys.executable, "-m", "thresher", *command, "--out", str(work)], check=True)
    issues = pd.read_parquet(work / "labels" / "issues.parquet").set_index("image_id")
    found = int(agreed[issues.index[issues["rank"] <= FIRST]].sum())
    print(f"{found} of {agreed.sum()} in the first {FIRST:,}: {found / agreed.sum():.1%}")


if __name__ == "__main__":
    main()
