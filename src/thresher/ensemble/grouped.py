"""Local ensembles first, then one of them (S07, S22)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from thresher.ensemble.base import Ensemble, Fitted, Stack
from thresher.ensemble.inner import with_folds
from thresher.ensemble.nested import nested
from thresher.errors import DataError
from thresher.recipe.part import build, part
from thresher.registry import nearest

_MEAN: Mapping[str, Any] = {"name": "mean"}


class Grouped(Ensemble):
    """Combines the models of each group, then the groups and the models that stand in none.

    S07 averaged its ResNeXt and its ViT before it weighted anything; S22 averaged four local ensembles. Where
    a group learns, the second step sees its nested scores.

    Args:
        groups: models by the name of their group.
        inside: how the models of a group are combined.
        then: how the groups are combined.
    """

    def __init__(
        self,
        *,
        groups: dict[str, tuple[str, ...]] | None = None,
        inside: part("ensemble") = _MEAN,  # type: ignore[valid-type]
        then: part("ensemble") = _MEAN,  # type: ignore[valid-type]
    ) -> None:
        self.groups = groups or {}
        self.inside: Ensemble = build("ensemble", inside)
        self.then: Ensemble = build("ensemble", then)
        self.learns = self.inside.learns or self.then.learns  # type: ignore[misc]
        self.linear = self.inside.linear and self.then.linear  # type: ignore[misc]

    def check(self, names: Sequence[str]) -> None:
        """See `Ensemble.check`."""
        members = [one for group in self.groups.values() for one in group]
        for one in members:
            if one not in names:
                raise ValueError(f"ensemble 'grouped': no model is named {one!r}{nearest(one, names)}")
            if members.count(one) > 1:
                raise ValueError(f"ensemble 'grouped': {one!r} stands twice among the groups")

    def fit(self, stack: Stack, seed: int = 0) -> Fitted:
        """See `Ensemble.fit`; the order of models and photos is left to the two steps."""
        try:
            self.check(stack.names)
        except ValueError as error:
            raise DataError(str(error)) from None
        if self.learns:
            stack = with_folds(stack.take(stack.known))
        member_of = {one: group for group, members in self.groups.items() for one in members}
        places: dict[str, list[int]] = {}
        for place, one in enumerate(stack.names):
            name = member_of.get(one, one)
            if one not in member_of and (name in places or name in self.groups):
                name = f"{one}={place}"  # a model is no group of its name, and no other model
            places.setdefault(name, []).append(place)
        parts = [stack.pick(members) for members in places.values()]
        inner = [self.inside.fit(one, seed) if len(one.names) > 1 else None for one in parts]
        seen = [
            one.scores[0] if fitted is None else self._seen(fitted, one, seed)
            for fitted, one in zip(inner, parts, strict=True)
        ]
        outer = self.then.fit(replace(stack, scores=np.stack(seen), names=tuple(places)), seed)

        def rule(scores: np.ndarray) -> np.ndarray:
            groups = [
                scores[members[0]] if fitted is None else fitted.apply(scores[members])
                for fitted, members in zip(inner, places.values(), strict=True)
            ]
            return outer.apply(np.stack(groups))

        weights = None
        if self.linear and outer.weights is not None:
            weights = np.zeros(len(stack.names))
            for fitted, members, weight in zip(inner, places.values(), outer.weights, strict=True):
                own = None if fitted is None else fitted.weights
                weights[members] = weight * (1.0 if own is None else own)
        return Fitted(rule, weights)

    def _seen(self, fitted: Fitted, stack: Stack, seed: int) -> np.ndarray:
        """A group's scores (N, K) as the second step sees them: of photos that the group did not see."""
        if self.inside.learns and len(np.unique(stack.folds)) > 1:
            return nested(self.inside, stack, seed)
        return fitted.apply(stack.scores)
