"""One recipe on top of another: mappings key by key, everything else replaced."""

from thresher.recipe.lines import Node
from thresher.recipe.problems import Problems
from thresher.registry import nearest


def merge(base: Node, over: Node, depth: int = 0) -> Node:
    """The base with what ``over`` says on top.

    Mappings are merged key by key, lists and scalars replaced. A part of another name replaces the part below
    it, as the settings of the one mean nothing to the other.
    """
    if not isinstance(base.value, dict) or not isinstance(over.value, dict):
        return over
    if depth and "name" in over.value and "name" in base.value:
        if over.value["name"].value != base.value["name"].value:
            return over
    elif depth and "kind" in over.value and over.value["kind"].value != base.value.get("kind", over).value:
        return over
    merged = dict(base.value)
    for key, child in over.value.items():
        merged[key] = merge(base.value[key], child, depth + 1) if key in base.value else child
    return Node(merged, over.place)


def drop_removed_models(root: Node, inherited: frozenset[str], problems: Problems) -> None:
    """Takes out the models that were set to null, and complains of nulls that remove nothing."""
    models = root.value.get("models")
    if models is None or not isinstance(models.value, dict):
        return
    for name, child in list(models.value.items()):
        if child.value is not None:
            continue
        del models.value[name]
        if name not in inherited:
            hint = nearest(name, inherited) if inherited else "; a model with defaults only is written {}"
            problems.add(child.place, f"models.{name}", f"there is no such model to remove{hint}")
