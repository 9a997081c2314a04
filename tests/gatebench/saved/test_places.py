from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.records.home import Home
from gatebench.records.record import Record
from gatebench.saved.places import declaration_of, outcomes_of, record_of
from gatebench.study import Study
from tests.gatebench.saved.conftest import TrainedStudy


def test_the_home_is_that_of_the_argument_or_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("GATEBENCH_HOME", str(tmp_path))
    assert record_of("mine", None, None).home == Home(tmp_path)
    assert record_of("mine", tmp_path, None).uri == Home(tmp_path).tracking_uri
    assert record_of("mine", None, "http://localhost:1").uri == "http://localhost:1"
    with pytest.raises(UserError, match=r"The home .*nowhere does not exist; give home=… or set GATEBENCH_HOME"):
        record_of("mine", tmp_path / "nowhere", None)


def test_the_outcomes_are_those_of_the_records(trained_study: TrainedStudy) -> None:
    outcomes = outcomes_of(record_of("mine", trained_study.home, None))
    assert [(one.digest, one.status) for one in outcomes] == [
        (trained_study.trained.digest, "finished"),
        (trained_study.failed.digest, "failed"),
    ]


def test_a_missing_or_empty_study_has_a_sentence(trained_study: TrainedStudy) -> None:
    with pytest.raises(UserError, match="There is no study 'mime' in these records; did you mean 'mine'"):
        outcomes_of(record_of("mime", trained_study.home, None))
    Record(Home(trained_study.home), "empty").declare(Study("empty"))
    with pytest.raises(UserError, match="The study 'empty' contains no trials yet"):
        outcomes_of(record_of("empty", trained_study.home, None))


def test_a_study_without_a_declaration_declares_nothing(trained_study: TrainedStudy) -> None:
    assert declaration_of(record_of("other", trained_study.home, None)) == Study("other")
