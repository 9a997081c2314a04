from dataclasses import replace
from pathlib import Path

import pytest

from gatebench.outcome import Epoch, Outcome
from gatebench.records.home import Home
from gatebench.report.figures.kinds import KINDS
from gatebench.trial import Trial
from launch.main import main
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import MNIST, outcome, trial


def write(home: Path, *trials: Trial, **changes: object) -> Record:
    """Write finished trials with a curve to the study "mine"."""
    home.mkdir(exist_ok=True)
    record = Record(Home(home), "mine")
    for one in trials:
        record.begin(one)
        record.write(Epoch(one.digest, 0, 2, {"val/accuracy": 0.3}))
        record.write(Epoch(one.digest, 1, 2, {"val/accuracy": 0.5}))
        record.end(one, _changed(outcome(one), changes))
    return record


def _changed(one: Outcome, changes: dict[str, object]) -> Outcome:
    return replace(one, **changes)  # type: ignore[arg-type]


def test_named_kinds_become_files_in_both_formats(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(home, trial("lstm"), trial("gru"))
    assert main(["plot", "study=mine", "kind=boxes,curves"]) == 0
    folder = home / "plots" / "mine"
    names = ["boxes.svg", "boxes.png", "curves.svg", "curves.png"]
    assert capsys.readouterr().out.split() == [str(folder / name) for name in names]
    first = {name: (folder / name).read_bytes() for name in names}
    assert main(["plot", "study=mine", "kind=boxes,curves"]) == 0
    assert {name: (folder / name).read_bytes() for name in names} == first


def test_one_picture_has_the_name_that_was_given(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(home, trial("lstm"))
    assert main(["plot", "study=mine", "kind=scores", f"file={tmp_path}/a.png"]) == 0
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert main(["plot", "study=mine", "kind=scores,boxes", f"file={tmp_path}/b.png"]) == 2
    assert "is one picture, and this study has 2" in capsys.readouterr().err
    assert not (tmp_path / "b.png").exists()


MISTAKES = {
    "kind=boxs": "There is no kind 'boxs' of picture; did you mean 'boxes'? Allowed: all, boxes,",
    "kind=scores,curve": "There is no kind 'curve' of picture; did you mean 'curves'?",
    "study=min": "There is no study 'min' in these records; did you mean 'mine'?",
    "study=mine,other": "study is 'mine,other'; only gatebench table takes several studies",
    "file=a.pdf": "There is no format of pictures 'pdf'.",
    "kind=keep": "There is no picture 'keep': No trial of digits that is shown has a gate that keeps.",
    "seed=7": "The study 'mine' does not contain any of the trials of these settings; the settings must be those of",
}


def test_mistakes_are_one_sentence(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(home, trial())
    for argument, sentence in MISTAKES.items():
        assert main(["plot", "study=mine", argument]) == 2
        error = capsys.readouterr().err
        assert error.startswith(f"gatebench: {sentence}")
        assert error.count("\n") == 1


def test_a_study_without_a_finished_trial_tells_how_its_trials_ended(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.mkdir()
    record = Record(Home(home), "mine")
    record.end(trial(), outcome(trial(), "diverged"))
    record.end(trial(seed=1), outcome(trial(seed=1), "failed"))
    assert main(["plot", "study=mine"]) == 2
    assert "has finished with a validation score (1 diverged, 1 failed)." in capsys.readouterr().err


def test_without_records_nothing_is_created(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot", "study=mine"]) == 2
    assert "There are no records" in capsys.readouterr().err
    assert not home.exists()


def test_all_kinds_are_drawn_and_those_without_data_are_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(home, trial("lstm"))
    assert main(["plot", "study=mine", "kind=all"]) == 0
    out, err = capsys.readouterr()
    written = {Path(line).stem for line in out.split()}
    missing = {line.split("'")[1] for line in err.splitlines()}
    assert {"scores", "boxes", "curves", "parameters"} <= written
    assert "keep" in missing
    assert written | missing == set(KINDS)


def test_each_task_has_its_pictures_and_chosen_trials_alone_are_drawn(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("gatebench.task.Task.checksums", lambda self: {})
    one, other = trial("lstm"), trial("lstm", task=MNIST)
    write(home, one, other)
    assert main(["plot", "study=mine", "kind=scores"]) == 0
    names = {path.name for path in (home / "plots" / "mine").iterdir()}
    assert names == {f"scores_{task}.{form}" for task in ("digits", "sequential_mnist") for form in ("svg", "png")}
    arguments = ["cell=lstm", "model.hidden_size=4", "training.max_epochs=3", "task.split_seed=0"]
    assert main(["plot", "study=mine", "kind=scores", *arguments, f"file={home}/chosen"]) == 0
    assert {path.name for path in (home / "chosen").iterdir()} == {"scores.svg", "scores.png"}


def test_pictures_become_files_of_the_report(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = write(home, trial())
    assert main(["plot", "study=mine", "kind=boxes", "record=true"]) == 2
    assert "The study 'mine' has no report in MLflow" in capsys.readouterr().err
    record.write_report("text", {"report.html": b"page"})
    assert main(["plot", "study=mine", "kind=boxes", "record=true"]) == 0
    (run,) = record.client.search_runs([record.experiment_id], "tags.`gatebench.report` = 'mine'")
    names = [file.path for file in record.client.list_artifacts(run.info.run_id, "figures")]
    assert names == ["figures/boxes.png", "figures/boxes.svg"]
