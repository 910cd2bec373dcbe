"""Repairing labels: what is done about those that a finder doubts."""

from thresher.registry import Part, Registry
from thresher.repair.base import Action, Doubt

REGISTRY: Registry[Action] = Registry(
    "repair",
    [
        Part(
            "distil",
            "thresher.repair.distil:Distil",
            "all photos teach their label and, with a share, out-of-fold scores",
            "Plant Pathology 2020, 1st place; Furlanello et al. 2018, arXiv:1805.04770",
        ),
        Part(
            "drop",
            "thresher.repair.drop:Drop",
            "doubted photos are left out",
            "Northcutt et al. 2019, arXiv:1911.00068",
        ),
        Part(
            "relabel",
            "thresher.repair.relabel:Relabel",
            "doubted photos get the label that the finder suggests",
            "Tanaka et al. 2018, arXiv:1803.11364",
        ),
        Part("review", "thresher.repair.review:Review", "doubted photos wait for a person; not in recipes"),
        Part(
            "soften",
            "thresher.repair.soften:Soften",
            "doubted photos teach what is known of their true class",
            "Reed et al. 2014, arXiv:1412.6596",
        ),
        Part(
            "weigh",
            "thresher.repair.weigh:Weigh",
            "doubted photos count less",
            "Arazo et al. 2019, arXiv:1904.11238",
        ),
    ],
)

__all__ = ["REGISTRY", "Action", "Doubt", "list_actions"]


def list_actions(pattern: str = "*") -> list[Part]:
    """The registered actions whose name matches a shell pattern."""
    return REGISTRY.list(pattern)
