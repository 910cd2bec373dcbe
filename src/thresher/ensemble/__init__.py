"""Ensembles: aligned scores of several models to one."""

from thresher.ensemble.base import Ensemble, Fitted, Stack
from thresher.registry import Part, Registry

_CARUANA = "Caruana et al. 2004, Ensemble selection from libraries of models (ICML)"
REGISTRY: Registry[Ensemble] = Registry(
    "ensemble",
    [
        Part("mean", "thresher.ensemble.mean:Mean", "plain mean of the models' probabilities"),
        Part(
            "logit_mean",
            "thresher.ensemble.logit_mean:LogitMean",
            "mean of logits, then softmax",
            "Genest and Zidek 1986, Combining probability distributions (logarithmic pool)",
        ),
        Part(
            "rank_mean",
            "thresher.ensemble.rank_mean:RankMean",
            "mean of ranks among the out-of-fold photos, class by class",
            "Ho, Hull and Srihari 1994, Decision combination in multiple classifier systems",
        ),
        Part(
            "vote",
            "thresher.ensemble.vote:Vote",
            "share of the models that put a class first",
            "Breiman 1996, Bagging predictors",
        ),
        Part(
            "weighted",
            "thresher.ensemble.weighted:Weighted",
            "mean with given weights, or by the models' merit",
            "Opitz and Shavlik 1996, Actively searching for an effective neural-network ensemble",
        ),
        Part(
            "subsets",
            "thresher.ensemble.subsets:Subsets",
            "the best mean of all subsets of the models",
            "S07: cassava 1st place",
        ),
        Part(
            "greedy",
            "thresher.ensemble.greedy:Greedy",
            "adds the model that helps most, again and again; averaged over random parts of the models",
            _CARUANA,
        ),
        Part(
            "simplex",
            "thresher.ensemble.simplex:Simplex",
            "the weights of lowest log-loss, by SLSQP",
            "Kraft 1988, A software package for sequential quadratic programming",
        ),
        Part(
            "differential_evolution",
            "thresher.ensemble.differential_evolution:DifferentialEvolution",
            "weights by differential evolution",
            "S07: cassava 1st place; Storn and Price 1997",
        ),
        Part(
            "optuna",
            "thresher.ensemble.optuna:Optuna",
            "weights by a tree-structured Parzen estimator",
            "S21, S23: cassava 77th and 606th place; Akiba et al. 2019, arXiv:1907.10902",
        ),
        Part(
            "per_view",
            "thresher.ensemble.per_view:PerView",
            "one weight per model and view, for scores named model@view",
            "S21: cassava 77th place",
        ),
        Part(
            "logistic",
            "thresher.ensemble.logistic:Logistic",
            "multinomial logistic regression on all logits, held back towards the mean",
            "Wolpert 1992, Stacked generalization; Ting and Witten 1999, arXiv:1105.5466",
        ),
        Part(
            "lightgbm",
            "thresher.ensemble.lightgbm:LightGBM",
            "boosted trees on all scores, from the mean on",
            "S24: cassava 14th place; Ke et al. 2017, LightGBM (NIPS)",
        ),
        Part(
            "mlp",
            "thresher.ensemble.mlp:MLP",
            "a network with one hidden layer on all logits, from the mean on",
            "Wolpert 1992, Stacked generalization",
        ),
        Part(
            "cnn_1d",
            "thresher.ensemble.cnn_1d:CNN1D",
            "convolutions along the models, from the mean on",
            "S18: cassava 37th place",
        ),
        Part(
            "cnn_2d",
            "thresher.ensemble.cnn_2d:CNN2D",
            "convolutions over the matrix of models and classes, from the mean on",
            "S18: cassava 37th place",
        ),
        Part(
            "average",
            "thresher.ensemble.average:Average",
            "the mean of several ensembles",
            "S18, S22: cassava 37th and 78th place",
        ),
        Part(
            "grouped",
            "thresher.ensemble.grouped:Grouped",
            "local ensembles of some models first, then one of these",
            "S07, S22: cassava 1st and 78th place",
        ),
        Part(
            "auto",
            "thresher.ensemble.auto:Auto",
            "tries many on inner folds; the simplest that no other beats by more than luck",
            "Cawley and Talbot 2010, On over-fitting in model selection (JMLR)",
        ),
    ],
)

__all__ = ["REGISTRY", "Ensemble", "Fitted", "Stack", "list_ensembles"]


def list_ensembles(pattern: str = "*") -> list[Part]:
    """The registered ensembles whose name matches a shell pattern."""
    return REGISTRY.list(pattern)
