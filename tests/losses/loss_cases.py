"""Every registered loss, with its defaults and with other settings."""

import pytest

from thresher import losses

VARIANTS = {
    "arcface": [{"margin": 0.0}, {"margin": 1.2}],
    "bi_tempered": [
        {"t1": 1.0, "t2": 1.0, "smoothing": 0.1},
        {"t1": 0.5, "t2": 1.5, "smoothing": 0.06, "noise": 0.3},
        {"t1": 0.32, "t2": 1.0},
        {"t1": 0.2, "t2": 4.0, "spread": "all", "smoothing": 0.2},
        {"t1": 0.3, "t2": 0.7},
        {"t1": 1.0, "t2": 1.5},
    ],
    "combo": [
        {"terms": ("bi_tempered", "taylor_cross_entropy", "nce_rce")},
        {"terms": ("isda", "f1"), "weights": (0.3, 2.0)},
        {"terms": ("cross_entropy", "contrastive", "distillation")},
    ],
    "contrastive": [
        {"distance": "cosine", "positive_margin": 0.1},
        {"normalize": False, "negative_margin": 9.0},
    ],
    "cross_entropy": [{"smoothing": 0.1}, {"smoothing": 0.3, "spread": "others"}],
    "distillation": [{"weight": 0.0}, {"weight": 1.0}, {"weight": 0.3, "temperature": 4.0}],
    "f1": [{"classes": "all"}],
    "focal": [{"gamma": 0.0}, {"gamma": 0.5}],
    "focal_cosine": [{"xent": 1.0, "gamma": 1.0}, {"form": "power"}],
    "generalized_cross_entropy": [{"q": 1.0}, {"q": 1e-6}],
    "isda": [{"covariance": "full", "strength": 2.0}],
    "symmetric_cross_entropy": [{"alpha": 6.0, "beta": 0.1}],
    "taylor_cross_entropy": [
        {"order": 1},
        {"order": 7, "smoothing": 0.1, "spread": "others"},
        {"expand": "exp", "smoothing": 0.2},
        {"expand": "exp", "order": 30},
    ],
    "triplet": [
        {"triplets": "semihard", "margin": 0.5},
        {"triplets": "hard", "distance": "cosine"},
    ],
}
"""Settings to try besides the defaults; a loss that has none for all of them is tried with these alone."""


def settings_of(name):
    required = any(one.default is one.empty for one in losses.REGISTRY.parameters(name).values())
    return ([] if required else [{}]) + VARIANTS.get(name, [])


CASES = [
    pytest.param(name, settings, id="-".join([name, *(f"{k}={v}" for k, v in settings.items())]))
    for name in (part.name for part in losses.list_losses())
    for settings in settings_of(name)
]
