from pathlib import Path

import pytest

from gatebench.records.home import Home
from gatebench.report.ablation_table import AblationTable
from gatebench.study import Study
from launch import study_report
from launch.study_report import MOST_ASKED, report_content, report_files
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome, trial

TABLE = AblationTable("mine", "", (), "", ())


def test_the_content_comes_from_the_records_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir()
    record = Record(Home(home), "mine")
    for one in (trial("lstm"), trial("gru"), trial("lstm", seed=1)):
        record.end(one, outcome(one))
    record.begin(trial("gru", seed=1))
    page = report_content(record, Study("mine", order=("gru",)), record.outcomes(), TABLE, [])
    assert [(cell.label, cell.equations.count("\n")) for cell in page.cells] == [("gru", 4), ("lstm", 6)]
    assert (page.running, page.unnamed_trials) == (1, 0)
    assert len(page.commands) == 2
    assert list(report_files(page)) == ["report.html", "table.md", "table.csv"]

    asked: list[str] = []

    def no_file(self: Record, digest: str, name: str) -> None:
        asked.append(digest)

    monkeypatch.setattr(Record, "file", no_file)
    many = [outcome(trial("lstm", seed=seed)) for seed in range(9)]
    (cell,) = study_report._cells(record, Study("mine"), many)
    assert (cell.equations, len(asked)) == ("", MOST_ASKED)
