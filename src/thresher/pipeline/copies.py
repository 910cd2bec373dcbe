"""The stage that looks for copies of photos, exact and near; what it finds is kept in duplicates.parquet."""

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd

from thresher.files import digest, write_atomic
from thresher.inference.views.base import View
from thresher.inference.views.expand import expand_views
from thresher.inspect.clusters import cluster_numbers, cluster_table
from thresher.inspect.near_duplicates import VERSION, find_links
from thresher.pipeline.bench import Bench
from thresher.pipeline.workspace import Workspace
from thresher.recipe.schema import LinearStage, ModelSection, Recipe
from thresher.run_folder import RunFolder

_META = b"thresher_duplicates"


def find_copies(bench: Bench, space: Workspace, beside: Sequence[RunFolder] = ()) -> np.ndarray:
    """Looks for copies among all readable photos, or reads what an earlier call found.

    Where a model needs features of a frozen backbone anyway, these also tell what is near; else only copies
    that a hash can see are found.

    Args:
        bench: of the run.
        space: its folder; duplicates.parquet is written there.
        beside: runs on the same photos: what the first one found is taken over, for folds to be the same.

    Returns:
        the number of each row's cluster of copies (N,), -1 for a photo without any.
    """
    table = _known(bench, beside)
    if table is not None:
        if space.writes and read_copies(space.run, _key(bench)) is None:
            _write(table, space.run, _key(bench))
    else:
        source, embeddings = embedding_source(bench.recipe), None
        if source is not None:
            with space.stage("features"):
                embeddings = bench.features.view(*source)
        with space.stage("duplicates"):
            content, rows = bench.dataset.frame["content"].to_numpy(dtype=object), bench.features.rows
            links = find_links(bench.cache, rows, content, embeddings, bench.progress)
            table = cluster_table(bench.dataset.ids, links)
            if space.writes:
                _write(table, space.run, _key(bench))
    return cluster_numbers(bench.dataset.ids, table)


def needs_features(bench: Bench, beside: Sequence[RunFolder] = ()) -> bool:
    """Whether `find_copies` has features to compute, which takes long."""
    source = embedding_source(bench.recipe)
    if source is None or bench.features.stored(bench.features.key(*source)):
        return False
    return _known(bench, beside) is None


def embedding_source(recipe: Recipe) -> tuple[ModelSection, View] | None:
    """The first model whose head is fitted on frozen features, and a view of which it needs them."""
    for section in recipe.models.values():
        stage = section.stages[0] if section.stages else None
        if isinstance(stage, LinearStage):
            return section, expand_views(stage.views)[0]
    return None


def read_copies(run: RunFolder, key: str | None = None) -> pd.DataFrame | None:
    """What duplicates.parquet holds; None where there is none, or none of this key."""
    import pyarrow.parquet as pq

    if not run.duplicates.is_file():
        return None
    table = pq.read_table(run.duplicates)
    known = json.loads((table.schema.metadata or {}).get(_META, b"null"))
    return table.to_pandas() if key in (None, known) else None


def run_clusters(run: RunFolder, ids: np.ndarray) -> np.ndarray | None:
    """The clusters of photos (N,), -1 for none, as a run found them; None where it did not look."""
    table = read_copies(run)
    return None if table is None else cluster_numbers(ids, table)


def _known(bench: Bench, beside: Sequence[RunFolder]) -> pd.DataFrame | None:
    """What is known of copies before looking."""
    other = read_copies(beside[0]) if beside else None
    return read_copies(bench.run, _key(bench)) if other is None else other


def _key(bench: Bench) -> str:
    """Names what the copies depend on."""
    source, frame = embedding_source(bench.recipe), bench.dataset.frame
    seen = None if source is None else bench.features.key(*source)
    return digest([VERSION, list(frame["image_id"]), list(frame["content"]), bench.cache.side, seen])


def _write(table: pd.DataFrame, run: RunFolder, key: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = pa.Table.from_pandas(table, preserve_index=False)
    made = made.replace_schema_metadata({**(made.schema.metadata or {}), _META: json.dumps(key).encode()})
    write_atomic(run.duplicates, lambda file: pq.write_table(made, file))
