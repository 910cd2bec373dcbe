"""Bootstrap intervals of all metrics as array algebra, against a loop over scikit-learn's metrics."""

from common import Table, main, seconds, times_as

PHOTOS, CLASSES, DRAWS = 21_397, 5, 2000  # the training photos of cassava 2020
GOAL = 2.0


def measure(quick: bool) -> Table:
    """Seconds of 2,000 draws of four metrics."""
    import numpy as np
    from sklearn import metrics

    from thresher.metrics.intervals import intervals, per_class
    from thresher.predictions import Predictions

    photos, draws, sample = (2_000, 200, 3) if quick else (PHOTOS, DRAWS, 20)
    rng = np.random.default_rng(0)
    scores = rng.dirichlet(np.full(CLASSES, 0.3), photos)
    targets = np.where(rng.random(photos) < 0.8, scores.argmax(1), rng.integers(0, CLASSES, photos))
    names = tuple(f"class{number}" for number in range(CLASSES))
    labels = np.asarray(names, dtype=object)[targets]
    ids = np.array([f"{number:06d}" for number in range(photos)], dtype=object)
    given = Predictions(ids, scores, names, "oof", labels, np.zeros(photos, dtype=np.int64))

    def loop() -> None:
        for _ in range(sample):
            rows = rng.integers(0, photos, photos)
            answers = scores[rows].argmax(1)
            metrics.accuracy_score(targets[rows], answers)
            metrics.balanced_accuracy_score(targets[rows], answers)
            metrics.f1_score(targets[rows], answers, average="macro")
            metrics.log_loss(targets[rows], scores[rows], labels=range(CLASSES))

    slow = seconds(loop, 1) * draws / sample
    fast = seconds(lambda: intervals(given, draws), 3)
    classes = seconds(lambda: per_class(given, draws), 3)
    table = Table(
        "Intervals",
        ("what", "seconds", "times as fast"),
        notes=[f"{photos:,} photos, {CLASSES} classes, {draws:,} draws, four metrics."],
    )
    table.rows.append((f"scikit-learn's metrics draw by draw (from {sample} draws)", f"{slow:.1f}", "1.00x"))
    table.rows.append(("intervals", f"{fast:.2f}", times_as(slow, fast)))
    table.rows.append(("recall, precision and F1 of every class", f"{classes:.2f}", ""))
    return table


if __name__ == "__main__":
    main(measure)
