"""Running finished weights: plain PyTorch against the engines, with how far their answers agree."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from common import Table, main, middle, real_photos, squares, times_as

SIZE, BATCH, CLASSES = 224, 32, 7
CASES = {
    "plain": "PyTorch eager, fp32, NCHW",
    "torch-fp32": "torch, fp32, channels_last",
    "torch-bf16": "torch, bf16",
    "onnxruntime-fp32": "onnxruntime, fp32",
    "openvino-fp32": "openvino, fp32",
    "openvino-bf16": "openvino, bf16",
}


def measure(quick: bool) -> Table:
    """Photos per second of EfficientNet-Lite0 at 224 pixels; each engine has its own process."""
    from thresher.inference.engine import installed

    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        np.save(scratch / "photos.npy", squares(64 if quick else 1024, SIZE))
        names = [name for name in CASES if name == "plain" or installed(name.split("-")[0])]
        rates: dict[str, list[float]] = {name: [] for name in names}
        for turn in range(1 if quick else 3):  # whole rounds: every engine sees every mood of the machine
            for name in names:
                words = [
                    sys.executable,
                    __file__,
                    "--case",
                    name,
                    str(scratch),
                    str(int(turn == 0)),
                    str(int(quick)),
                ]
                done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
                rates[name].append(json.loads(done.stdout.splitlines()[-1]))
        features = {name: np.load(scratch / f"{name}.npy") for name in names}
    exact = features["plain"]
    head, kind = _head(exact)
    seen = slice(1, None, 2)  # the head was fitted on the others
    answers = (exact[seen] @ head).argmax(1)
    base = middle(rates["plain"])
    table = Table(
        "Engines",
        ("engine", "photos/s", "times as fast", "largest difference", "equal answers"),
        notes=[
            f"EfficientNet-Lite0 at {SIZE} pixels, batches of {BATCH}, {len(exact)} "
            f"{'photos of art7' if real_photos() else 'made photos'}. Differences are of features, which go "
            f"up to {np.abs(exact).max():.1f}; answers are those of {kind}."
        ],
    )
    for name in names:
        rate = middle(rates[name])
        difference = np.abs(features[name] - exact).max()
        equal = float(((features[name][seen] @ head).argmax(1) == answers).mean())
        table.rows.append(
            (CASES[name], f"{rate:.0f}", times_as(rate, base), f"{difference:.1e}", f"{100 * equal:.1f} %")
        )
    return table


def _head(features: np.ndarray) -> tuple[np.ndarray, str]:
    """Weights (D, K) of a linear head: fitted on every second photo where they have labels, else random."""
    table = real_photos()[0].parents[1] / "train.csv" if real_photos() else None
    if table is None or not table.is_file():
        return np.random.default_rng(0).normal(size=(features.shape[1], CLASSES)), "a random linear head"
    import pandas as pd
    from sklearn.linear_model import LogisticRegression

    labels = pd.read_csv(table, dtype=str).set_index("image_id")["label"]
    known = labels.reindex([path.name for path in real_photos()][: len(features)]).to_numpy()
    fitted = slice(0, None, 2)
    model = LogisticRegression(C=0.1, max_iter=300, fit_intercept=False).fit(features[fitted], known[fitted])
    return model.coef_.T, "a head that was fitted on the plain features of the other half of the photos"


def _case(name: str, scratch: Path, save: bool, quick: bool) -> float:
    """Photos per second; the features of all photos are saved once."""
    import torch

    from thresher.inference.engine import open_engine
    from thresher.models.build import build_model
    from thresher.models.power import power
    from thresher.recipe.schema import ModelSection

    photos = np.load(scratch / "photos.npy")
    model = build_model(ModelSection(image_size=SIZE), CLASSES).eval()
    module = model.embedder().eval()
    if name == "plain":
        model.to(memory_format=torch.contiguous_format)

        def engine(part: np.ndarray) -> np.ndarray:
            found = []
            with torch.inference_mode():
                for start in range(0, len(part), BATCH):
                    shown = torch.from_numpy(part[start : start + BATCH])
                    found.append(power(model.backbone(model.normalise(shown).contiguous())))
            return torch.cat(found).numpy()
    else:
        kind, precision = name.split("-")
        engine = open_engine(module, SIZE, kind, precision, BATCH, "cpu", scratch / "graphs")
    if save:
        np.save(scratch / f"{name}.npy", engine(photos))
    part = photos[: BATCH * (1 if quick else 4)]
    engine(part)
    times = []
    for _ in range(2 if quick else 5):
        start = time.perf_counter()
        engine(part)
        times.append(time.perf_counter() - start)
    return len(part) / min(times)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--case"]:
        print(json.dumps(_case(sys.argv[2], Path(sys.argv[3]), sys.argv[4] == "1", sys.argv[5] == "1")))
    else:
        main(measure)
