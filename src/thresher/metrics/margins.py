"""How high many mixtures of score matrices rank the given label: accuracy, balanced accuracy, MAP@k.

The label beats a rival class in a mixture if the weighted mean of the models' margins, score of the label
minus score of the rival, is not negative. A rival that loses to the label in every model loses in every
mixture, and one that wins in every model always wins. So most photos are decided ahead, and of the others
only the margins to rivals that some model puts above the label are kept.
"""

import numpy as np

from thresher.metrics.blocks import blocks

TIE = 1e-12
"""Of equal scores the class that comes first wins, as with `argmax`: it is helped by so much."""
_AT_ONCE = 1 << 20


class Margins:
    """Sum over photos of ``share / place of the given label`` (0 beyond place k), of many mixtures."""

    def __init__(
        self, scores: np.ndarray, targets: np.ndarray, shares: np.ndarray, total: float, k: int = 1
    ) -> None:
        """Decides photos ahead.

        Args:
            scores: probabilities (M, N, K) of M models.
            targets: class indices (N,).
            shares: what each photo counts (N,).
            total: what the sum is divided by.
            k: how many answers of a photo count.
        """
        models, photos, classes = scores.shape
        self.k, self.total = k, total
        self.decided = 0.0
        """What the photos give that no weights can change."""
        rivals: dict[int, list[tuple[np.ndarray, np.ndarray, np.ndarray]]] = {}
        for part in blocks(photos, models * classes, _AT_ONCE):
            self._sort_out(scores[:, part], targets[part], shares[part], rivals)
        self.open = [
            tuple(np.concatenate(pieces, axis=-1) for pieces in zip(*found, strict=True))
            for _, found in sorted(rivals.items())
        ]
        """Photos with about as many open rivals lie together: margins (R, M, U), rivals that always win (U,),
        shares (U,)."""

    def _sort_out(
        self,
        scores: np.ndarray,
        targets: np.ndarray,
        shares: np.ndarray,
        rivals: dict[int, list[tuple[np.ndarray, np.ndarray, np.ndarray]]],
    ) -> None:
        """Adds what is decided of some photos, and files the margins of the others by number of rivals."""
        classes, photos = scores.shape[2], np.arange(len(targets))
        margins = scores[:, photos, targets][:, :, None] - scores  # (M, n, K)
        names = np.arange(classes)
        margins += np.where(names < targets[:, None], -TIE, TIE)
        margins[:, photos, targets] = 1.0
        above = (margins.max(0) < 0).sum(1)  # rivals that always win
        still = (margins.min(0) < 0) & (margins.max(0) >= 0)
        many = np.where(above >= self.k, 0, still.sum(1))
        closed = many == 0
        places = np.where(closed & (above < self.k), 1.0 / (1 + above), 0.0)
        self.decided += float((places * shares).sum())
        # Filled up to a power of two with rivals that never win, so that there are few sizes.
        sizes = np.where(closed, 0, 1 << np.ceil(np.log2(np.maximum(many, 1))).astype(np.int64))
        for size in np.unique(sizes[sizes > 0]):
            rows = np.flatnonzero(sizes == size)
            slots = min(int(size), classes)
            chosen = np.argsort(~still[rows], axis=1, kind="stable")[:, :slots]  # (U, R)
            kept = np.take_along_axis(margins[:, rows], chosen[None], axis=2)
            kept[:, ~np.take_along_axis(still[rows], chosen, axis=1)] = 1.0
            found = (np.ascontiguousarray(kept.transpose(2, 0, 1)), above[rows], shares[rows])
            rivals.setdefault(slots, []).append(found)

    def __call__(self, weights: np.ndarray) -> np.ndarray:
        """The sum over the total (B,) of each mixture; weights (B, M) on the simplex."""
        total = np.full(len(weights), self.decided)
        for margins, above, shares in self.open:
            for part in blocks(margins.shape[2], len(weights)):
                if self.k == 1:
                    least = weights @ margins[0, :, part]
                    for one in margins[1:]:
                        np.minimum(least, weights @ one[:, part], out=least)
                    total += (least >= 0) @ shares[part]
                else:
                    place = np.tile(above[part] + 1, (len(weights), 1))
                    for one in margins:
                        place += weights @ one[:, part] < 0
                    total += np.where(place <= self.k, 1.0 / place, 0.0) @ shares[part]
        return total / self.total
