from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.records.home import Home
from gatebench.records.record import Record
from launch import sweep
from tasks.images.sequential_mnist import PACKED

# The digits come with scikit-learn; the files of MNIST are damaged.
GRID = ["cell=rnn_tanh", "task=digits,sequential_mnist", "seed=0,1", "model.hidden_size=4", "training.max_epochs=1"]


def test_a_sweep_trains_records_and_tabulates_and_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GATEBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GATEBENCH_DATA", str(tmp_path / "damaged"))
    (tmp_path / "damaged" / "mnist").mkdir(parents=True)
    for name in PACKED:
        (tmp_path / "damaged" / "mnist" / name).write_bytes(b"damaged")
    record = Record(Home(tmp_path / "home"), "mine")

    assert sweep.run([*GRID, "study=mine", "workers=2"]) == 1
    captured = capsys.readouterr()
    assert "Study 'mine': 4 trials, 0 done already." in captured.err
    assert "train-images-idx3-ubyte.gz (7 bytes) is not the published file" in captured.err
    assert "2 of 4 trials failed" in captured.err
    assert "rnn_tanh" in captured.out
    assert "0 of 2" in captured.out
    assert f"The records lie at sqlite:///{tmp_path}/home/mlflow.db, study 'mine'" in captured.out
    found = [(o.task, o.status) for o in record.outcomes()]
    assert sorted(found) == [("digits", "finished")] * 2 + [("sequential_mnist", "failed")] * 2
    assert all(o.facts["threads"] == "1" for o in record.outcomes() if o.status == "finished")
    assert "mlflow.note.content" in record.client.get_experiment_by_name("mine").tags

    assert sweep.run([*GRID, "task=digits", "study=mine", "test=paired", "question='How long?'"]) == 0
    captured = capsys.readouterr()
    assert "2 trials, 2 done already." in captured.err
    assert "declaration of the study 'mine' changes: question: none → 'How long?'; test: 'unpaired' → 'paired'." in (
        captured.err
    )
    assert "How long?" in captured.out
    assert len(record.outcomes()) == 4

    changed = (tmp_path / "home" / "mlflow.db").stat().st_mtime_ns
    assert sweep.run([*GRID, "task=digits", "study=mine"]) == 0  # nothing is to do
    again = capsys.readouterr()
    assert again.err == "Study 'mine': 2 trials, 2 done already.\n"
    assert again.out == captured.out
    assert (tmp_path / "home" / "mlflow.db").stat().st_mtime_ns == changed


@pytest.mark.parametrize("mistake", ["families.others=mgu", "metrics=forgetting", "baseline=gru", "study=a,b"])
def test_a_mistake_in_the_declaration_is_found_before_training(
    mistake: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEBENCH_HOME", str(tmp_path / "home"))
    with pytest.raises(UserError):
        sweep.run([*GRID, mistake])
    assert list(tmp_path.iterdir()) == []
