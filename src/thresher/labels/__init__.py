"""Wrong labels: finders rank photos by how likely their given label is wrong."""

from thresher.labels.base import Evidence, Finder, Suspicion
from thresher.registry import Part, Registry

_CONFIDENT = "Northcutt et al. 2021, arXiv:1911.00068"
REGISTRY: Registry[Finder] = Registry(
    "labels",
    [
        Part(
            "agreement",
            "thresher.labels.agreement:Agreement",
            "share of the models that give the same other answer",
            "S04: ten-model ensemble of cassava 2020, relabelled by agreement",
        ),
        Part(
            "combined",
            "thresher.labels.combined:Combined",
            "scores, embeddings and a model of how labels are mistaken, together",
            "Dawid and Skene 1979, doi:10.2307/2346806",
        ),
        Part(
            "confident_learning",
            "thresher.labels.confident_learning:ConfidentLearning",
            "another class reaches what is usual among its own photos",
            _CONFIDENT,
        ),
        Part(
            "knn_vote",
            "thresher.labels.knn_vote:KnnVote",
            "the photos that look alike have another label",
            "Zhu et al. 2022, arXiv:2110.06283",
        ),
        Part(
            "loss_over_seeds",
            "thresher.labels.loss_over_seeds:LossOverSeeds",
            "cross-entropy of the given label, averaged over models and seeds",
            "Huang et al. 2019, O2U-Net: a simple noisy label detection approach",
        ),
        Part(
            "normalised_margin",
            "thresher.labels.normalised_margin:NormalisedMargin",
            "how far another class is ahead of the given one",
            _CONFIDENT,
        ),
        Part(
            "oof_threshold",
            "thresher.labels.oof_threshold:OofThreshold",
            "another answer whose summed score reaches a threshold",
            "S02: label denoising step by step, cassava 2020",
        ),
        Part(
            "self_confidence",
            "thresher.labels.self_confidence:SelfConfidence",
            "how little the models believe in the given label",
            _CONFIDENT,
        ),
    ],
)

__all__ = ["REGISTRY", "Evidence", "Finder", "Suspicion", "list_finders"]


def list_finders(pattern: str = "*") -> list[Part]:
    """The registered finders whose name matches a shell pattern."""
    return REGISTRY.list(pattern)
