"""Inner folds: what an ensemble chooses by, among the photos that it is fitted on."""

from dataclasses import replace

import numpy as np

from thresher.ensemble.base import Stack


def inner_folds(stack: Stack, most: int) -> np.ndarray:
    """Inner fold of each photo (N,), 0 .. n-1, n <= ``most``, at least two folds where there are two photos.

    The folds that there are become inner folds, several of them one. Of a single fold, photos that belong
    together stay together, and every class is spread.
    """
    numbers, places = np.unique(stack.folds, return_inverse=True)
    if len(numbers) > 1:
        return places % most
    units = stack.units
    if len(np.unique(units)) < 2:
        units = np.arange(len(stack))
    first = np.unique(units, return_index=True)[1]
    order = np.argsort(stack.targets[first], kind="stable")
    dealt = np.empty(len(first), dtype=np.int64)
    dealt[order] = np.arange(len(first)) % most
    found: np.ndarray = dealt[units]
    return found


def with_folds(stack: Stack, most: int = 3) -> Stack:
    """The same stack; where it has a single fold, with inner folds in its place."""
    if len(np.unique(stack.folds)) > 1:
        return stack
    return replace(stack, folds=inner_folds(stack, most))
