"""TensorBoard's files: what its own writers write is read, what we write it reads, damage is told."""

import sys

import numpy as np
import pandas as pd
import pytest
from made_run import make_dataset, make_run

from thresher.cli import main
from thresher.errors import DataError
from thresher.report.board import read_events, write_events

pytest.importorskip("tensorboard")


@pytest.fixture
def written(tmp_path):
    """Two runs as PyTorch writes them, with things that are no scalars."""
    from torch.utils.tensorboard import SummaryWriter

    folder = tmp_path / "logs"
    for name, shift in (("a/one", 0.0), ("b", 5.0)):
        with SummaryWriter(str(folder / name)) as writer:
            for step in range(20):
                writer.add_scalar("loss/train", np.exp(-step / 5) + shift, step, walltime=1000.0 + step)
                writer.add_scalar(
                    "new style", step**2, step, walltime=2000.0, new_style=True, double_precision=True
                )
            writer.add_histogram("weights", np.arange(10.0), 1)
            writer.add_text("note", "hello", 1)
    return folder


def test_what_pytorch_writes_is_read(written):
    frame, notes = read_events(written)
    assert notes == []
    assert list(frame.columns) == ["run", "tag", "step", "wall_time", "value"]
    assert len(frame) == 2 * 40
    assert set(frame["tag"]) == {"loss/train", "new style"}
    for name, shift in (("a/one", 0.0), ("b", 5.0)):
        loss = frame[(frame["run"] == name) & (frame["tag"] == "loss/train")]
        assert list(loss["step"]) == list(range(20))
        np.testing.assert_allclose(loss["value"], np.exp(-np.arange(20) / 5) + shift, rtol=1e-6)
        np.testing.assert_allclose(loss["wall_time"], 1000.0 + np.arange(20))
        squares = frame[(frame["run"] == name) & (frame["tag"] == "new style")]
        assert list(squares["value"]) == [float(step**2) for step in range(20)]


def test_equal_to_tensorboards_own_reader(written):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(written / "a/one"), size_guidance={"scalars": 0}).Reload()
    frame, _ = read_events(written / "a/one")
    assert set(frame["run"]) == {"one"}
    for tag in found.Tags()["scalars"]:
        rows = frame[frame["tag"] == tag]
        theirs = found.Scalars(tag)
        assert list(rows["step"]) == [one.step for one in theirs]
        np.testing.assert_array_equal(rows["value"], [one.value for one in theirs])


@pytest.mark.parametrize("cut", [1, 5, 13, 40])
def test_half_a_record_at_the_end_is_left_out_and_told(written, cut):
    (file,) = (written / "b").iterdir()
    whole, _ = read_events(written / "b")
    data = file.read_bytes()
    import struct

    # Walk to the start of the last record, as the format says: length, checksum, data, checksum.
    starts, place = [], 0
    while place < len(data):
        starts.append(place)
        place += struct.unpack("<Q", data[place : place + 8])[0] + 16
    last = starts[-1]
    file.write_bytes(data[: last + cut])
    frame, notes = read_events(written / "b")
    assert notes == [f"{file}: its last {cut} bytes are half a record; they were left out"]
    assert len(frame) in (len(whole), len(whole) - 1)  # the last record may be no scalar
    # Damage in the middle: what comes before it is read, and it is said.
    broken = bytearray(data)
    broken[starts[10] + 14] ^= 1
    file.write_bytes(bytes(broken))
    frame, notes = read_events(written / "b")
    assert 0 < len(frame) < len(whole)
    assert f"its last {len(data) - starts[10]:,} bytes are damaged: a checksum differs" in notes[0]


def test_our_curves_are_read_by_tensorboard(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = make_run(
        tmp_path / "mine", make_dataset(tmp_path / "photos"), models=("m.1",), folds=2, resamples=100
    )
    files = write_events(run, tmp_path / "logs")
    assert [path.parent.relative_to(tmp_path / "logs").as_posix() for path in files] == [
        f"mine/m.1/seed0/fold{fold}" for fold in (0, 1)
    ]
    history = pd.read_parquet(run.job("m.1", 0, 1) / "history.parquet")
    found = EventAccumulator(str(files[1].parent)).Reload()
    assert set(found.Tags()["scalars"]) == set(history.columns) - {"stage", "epoch"}
    for tag in ("train_loss", "valid_accuracy", "lr"):
        assert [one.step for one in found.Scalars(tag)] == list(range(1, 9))
        np.testing.assert_allclose([one.value for one in found.Scalars(tag)], history[tag], rtol=1e-6)
    times = np.diff([one.wall_time for one in found.Scalars("lr")])
    np.testing.assert_allclose(times, history["seconds"][1:])
    # Written again, nothing stands twice; and our own reader reads it too.
    write_events(run, tmp_path / "logs")
    frame, notes = read_events(tmp_path / "logs")
    assert notes == []
    assert len(frame) == 2 * 8 * (len(history.columns) - 2)


def test_the_commands(written, tmp_path, capsys):
    def call(*words):
        with pytest.raises(SystemExit) as ended:
            main(list(map(str, words)))
        told = capsys.readouterr()
        return ended.value.code, told.out, told.err

    out = tmp_path / "table.parquet"
    code, text, _ = call("runs", "--tensorboard", written, "--out", out)
    assert code == 0
    assert "loss/train" in text
    pd.testing.assert_frame_equal(pd.read_parquet(out), read_events(written)[0])
    run = make_run(
        tmp_path / "mine", make_dataset(tmp_path / "photos"), models=("m",), folds=2, resamples=100
    )
    code, text, _ = call("report", run.root, "--tensorboard", tmp_path / "logs")
    assert code == 0
    assert "(2 files)" in text
    code, _, err = call("runs", "--tensorboard", tmp_path / "nowhere")
    assert code == 2
    assert "no such folder" in err


def test_what_a_user_can_put_right(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no event file"):
        read_events(tmp_path / "empty")
    run = make_run(
        tmp_path / "r", make_dataset(tmp_path / "p"), models=("m",), curves=False, folds=2, resamples=100
    )
    with pytest.raises(DataError, match="only train stages have them"):
        write_events(run, tmp_path / "logs")
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(DataError, match=r"pip install 'thresher\[tensorboard\]'"):
        read_events(tmp_path / "empty")
