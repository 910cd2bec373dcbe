"""On real photos bf16 keeps the answers of fp32."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from thresher.images.decode import read_photo
from thresher.inference.choice import _has_bf16
from thresher.inference.engine import installed, open_engine
from thresher.inference.features import compute_features
from thresher.inference.views import REGISTRY
from thresher.models.build import build_model
from thresher.models.bundled import BUNDLED


@pytest.mark.photos
def test_bf16_keeps_99_percent_of_the_answers(real_data: Path, tmp_path):
    if not installed("openvino") or not _has_bf16() or BUNDLED["tf_efficientnet_lite0"].path() is None:
        pytest.skip("needs OpenVINO, a CPU with bf16 and the bundled weights")
    if not (real_data / "art7").is_dir():
        pytest.skip("no art7 here")
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    table = pd.read_csv(real_data / "art7" / "train.csv")
    photos = [read_photo(real_data / "art7" / "train" / name, 256) for name in table["image_id"]]
    section = SimpleNamespace(backbone="tf_efficientnet_lite0", weights="bundled", image_size=224)
    embedder = build_model(section, 7).embedder()
    features = {}
    for precision in ("fp32", "bf16"):
        engine = open_engine(embedder, 224, "openvino", precision, 32, "cpu", tmp_path)
        found = compute_features(
            engine, photos, range(len(photos)), REGISTRY.build("plain"), 224, "squish", tmp_path, precision
        )
        features[precision] = np.sqrt(np.abs(found)) * np.sign(found)
    labels = table["label"].to_numpy()
    answers = {"fp32": labels.copy(), "bf16": labels.copy()}
    for fit, held in StratifiedKFold(5, shuffle=True, random_state=0).split(features["fp32"], labels):
        head = LogisticRegression(C=0.3, max_iter=200).fit(features["fp32"][fit], labels[fit])
        for precision in answers:
            answers[precision][held] = head.predict(features[precision][held])
    accuracy = {precision: (given == labels).mean() for precision, given in answers.items()}
    assert accuracy["fp32"] > 0.89  # a head on ImageNet features, not chance
    assert abs(accuracy["bf16"] - accuracy["fp32"]) <= 0.002
    assert (answers["bf16"] == answers["fp32"]).mean() >= 0.99
