"""Two runs compared on the same photos, paired, against a loop that draws photos one time after the other."""

from common import Table, main, seconds, times_as

PHOTOS, CLASSES, DRAWS = 21_397, 5, 10_000  # the training photos of cassava 2020


def measure(quick: bool) -> Table:
    """Seconds of 10,000 paired draws of four metrics, and of recall, precision and F1 of every class."""
    import numpy as np

    from thresher.metrics.comparison import compare
    from thresher.metrics.scores import METRICS
    from thresher.predictions import Predictions

    photos, draws, sample = (2_000, 500, 3) if quick else (PHOTOS, DRAWS, 50)
    rng = np.random.default_rng(0)
    targets = rng.integers(0, CLASSES, photos)
    names = tuple(f"class{number}" for number in range(CLASSES))
    ids = np.array([f"{number:06d}" for number in range(photos)], dtype=object)

    def made(skill: float) -> Predictions:
        raw = np.exp(rng.normal(size=(photos, CLASSES)) + skill * np.eye(CLASSES)[targets])
        labels = np.asarray(names, dtype=object)[targets]
        return Predictions(ids, raw / raw.sum(1, keepdims=True), names, "oof", labels)

    a, b = made(2.5), made(2.55)

    def loop() -> None:
        for _ in range(sample):
            rows = rng.integers(0, photos, photos)
            for metric in METRICS.values():
                metric(targets[rows], b.scores[rows]) - metric(targets[rows], a.scores[rows])

    slow = seconds(loop, 1) * draws / sample
    fast = seconds(lambda: compare(a, b, draws), 3)
    table = Table(
        "Comparison",
        ("what", "seconds", "times as fast"),
        notes=[f"{photos:,} photos, {CLASSES} classes, {draws:,} paired draws; one core."],
    )
    table.rows.append((f"four metrics in NumPy, draw by draw (from {sample} draws)", f"{slow:.1f}", "1.00x"))
    table.rows.append(("compare, with all metrics of every class", f"{fast:.2f}", times_as(slow, fast)))
    return table


if __name__ == "__main__":
    main(measure)
