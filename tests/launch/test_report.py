from dataclasses import replace

import pytest

from gatebench.records.home import Home
from gatebench.study import Study
from launch.main import main
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome, trial


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """Return the study "mine": a finished trial, one that failed, and a declared cell that has no trial."""
    record = Record(Home(tmp_path_factory.mktemp("home")), "mine")
    record.declare(Study("mine", question="Which <gate>?", cell_digests={"mgu": "0"}))
    record.end(trial("lstm"), outcome(trial("lstm"), facts={"version/torch": "2.11"}))
    failed = replace(outcome(trial("gru", seed=1), "failed"), sentence="Out of <memory>.")
    record.end(trial("gru", seed=1), failed)
    return record


@pytest.fixture(autouse=True)
def use_home(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEBENCH_HOME", str(record.home.root))


def test_the_page_is_written_and_becomes_the_report_in_mlflow(
    record: Record, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "study=mine", "kind=scores,keep", "record=true"]) == 0
    path = record.home.root / "reports" / "mine.html"
    assert capsys.readouterr().out.split() == [str(path)]
    page = path.read_text(encoding="utf-8")
    for text in (
        "Which &lt;gate&gt;?",
        "This study is not complete.",
        "No trial yet: mgu.",
        "Out of &lt;memory&gt;.",
        "h[t] = o[t] ⊙ tanh(c[t])",
        "digits: scores",
        "There is no figure &#x27;keep&#x27;",
        "2.11",
        "gatebench sweep cell=lstm task=digits model.hidden_size=4 training.max_epochs=3 seed=0 study=mine",
    ):
        assert text in page
    (run,) = record.client.search_runs([record.experiment_id], "tags.`gatebench.report` = 'mine'")
    names = {file.path for file in record.client.list_artifacts(run.info.run_id)}
    assert names == {"figures", "report.html", "table.csv", "table.md"}


MISTAKES = {
    "study=min": "There is no study 'min' in these records; did you mean 'mine'?",
    "study=mine,other": "study is 'mine,other'; only gatebench table takes several studies",
    "kind=boxs": "There is no kind 'boxs' of picture; did you mean 'boxes'?",
    "page=.": "page is ., which is a folder; it must be the name of an HTML file.",
    "seed=7": "The study 'mine' contains none of these trials yet",
    "study=empty": "The study 'empty' contains no trials yet; run them with gatebench sweep.",
}


def test_mistakes_are_one_sentence(record: Record, capsys: pytest.CaptureFixture[str]) -> None:
    Record(record.home, "empty").declare(Study("empty"))
    for argument, sentence in MISTAKES.items():
        assert main(["report", "study=mine", argument]) == 2
        error = capsys.readouterr().err
        assert error.startswith(f"gatebench: {sentence}")
        assert error.count("\n") == 1
