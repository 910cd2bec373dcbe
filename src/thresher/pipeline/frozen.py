"""Which stages of a model look at features of its frozen backbone, and in which views."""

from collections.abc import Iterator

from thresher.inference.views.base import View
from thresher.inference.views.expand import expand_views
from thresher.recipe.repairs import needs_features
from thresher.recipe.schema import LinearStage, ModelSection, Recipe, RepairStage


def frozen_stages(section: ModelSection) -> list[LinearStage | RepairStage]:
    """The stages that want features of the backbone as it was loaded."""
    return [
        stage
        for stage in section.stages
        if stage.kind == "linear" or (stage.kind == "repair" and needs_features(stage))
    ]


def frozen_views(recipe: Recipe, name: str) -> Iterator[tuple[ModelSection, View]]:
    """Every view that these stages of a model want, with the section whose features they are."""
    section = recipe.models[name]
    for stage in frozen_stages(section):
        for view in expand_views(stage.views):
            yield (section if stage.kind == "linear" else recipe.as_loaded(name)), view
