"""The list of digests in tests/golden/trial_digests.txt. `tests/contracts/test_experiments.py` compares it."""

from pathlib import Path

import pytest

from launch.config.compose import expand
from tests import digests
from tests.digests import experiments, trial_lines, write_stand_ins
from tests.paths import ROOT

GOLDEN = (ROOT / "tests" / "golden" / "trial_digests.txt").read_text(encoding="utf-8").splitlines()

UPDATE = """
A digest changes only together with an entry marked [Numbers] in CHANGELOG.md. To update the file on purpose:
    python -m tests.digests > tests/golden/trial_digests.txt
"""


def golden_lines(experiment: str) -> list[str]:
    return [line for line in GOLDEN if line.split()[0] == experiment]


def test_the_golden_file_has_exactly_the_experiments_of_conf() -> None:
    assert sorted({line.split()[0] for line in GOLDEN}) == experiments(ROOT), UPDATE


def test_a_digest_depends_on_the_content_of_a_file_and_not_on_its_folder(tmp_path: Path) -> None:
    name = "series/daily-min-temperatures.csv"
    lines = []
    for folder in ("one", "other", "changed"):
        write_stand_ins(tmp_path / folder)
        if folder == "changed":
            (tmp_path / folder / name).write_text("Date,Temp\n1981-01-01,20.8\n", encoding="utf-8")
        lines.append(trial_lines("series", tmp_path / folder, expand))
    one, other, changed = lines
    assert one == other
    assert not set(one) & set(changed)


def test_an_experiment_whose_file_is_missing_is_left_out_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(digests, "experiments", lambda checkout: ["parity", "series"])
    assert list(digests.all_lines(ROOT, tmp_path)) == golden_lines("parity")
    assert capsys.readouterr().err.startswith("series is left out: There is no file")


def test_every_changed_digest_is_in_the_difference() -> None:
    line = golden_lines("parity")[0]
    changed = line.replace(line.split()[1], "0123456789abcdef")
    assert digests.difference(GOLDEN, GOLDEN) == []
    assert digests.difference([line], [changed]) == [f"- {line}", f"+ {changed}"]


def test_a_revision_that_does_not_exist_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        digests.main(["--against", "no-such-revision"])
    assert caught.value.code == 2
    assert "git has no revision 'no-such-revision'" in capsys.readouterr().err
