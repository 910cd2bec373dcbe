import csv

import pytest


@pytest.fixture
def table(tmp_path):
    """Writes a CSV of the given rows, and an empty file for every first value unless told otherwise."""

    def write(rows, header="image_id,label", files=None, folder="", name="train.csv", encoding="utf-8"):
        path = tmp_path / name
        with path.open("w", newline="", encoding=encoding) as file:
            file.write(header + "\n")
            csv.writer(file, lineterminator="\n").writerows(rows)
        for photo in [row[0] for row in rows] if files is None else files:
            place = tmp_path / folder / photo
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()
        return path

    return write
