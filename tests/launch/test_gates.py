import re
from pathlib import Path

import pytest

from gatebench.errors import UserError
from launch import gates, train

QUICK = ["cell=lstm", "model.hidden_size=4", "training.max_epochs=1", "study=mine"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one trained network."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GATEBENCH_HOME", str(home))
        patch.setenv("GATEBENCH_DATA", str(home / "nowhere"))
        assert train.run(QUICK) == 0
    return home


@pytest.fixture(autouse=True)
def use_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEBENCH_HOME", str(home))
    monkeypatch.setenv("GATEBENCH_DATA", str(home / "nowhere"))


def test_an_example_is_shown_and_its_page_is_written(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gates.run([*QUICK, "example=3"]) == 0
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert lines[0] == "lstm · digits · seed 0 · test example 3"
    assert lines[1].startswith("right answer: ")
    assert lines[2].startswith("the network's answer: ")
    for gate in ("keep (f)", "write (i)", "expose (o)", "candidate (g)"):
        assert any(line.startswith(gate) for line in lines)
    path = Path(lines[-1].removeprefix("The page with all units: "))
    assert path.parent == home / "gates"
    assert "test example 3" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("settings", [["cell=lstm"], [], ["seed=0,1", "model.hidden_size=4"]])
def test_a_study_is_enough_and_the_choice_of_its_trial_is_told(
    settings: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert gates.run(["study=mine", *settings]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "lstm · digits · seed 0 · test example 0"
    assert re.fullmatch(r"The trial \w{16} is the best by validation\.", lines[1])


def test_the_page_has_the_name_that_was_given(tmp_path: Path) -> None:
    page = tmp_path / "new" / "mine.html"
    assert gates.run([*QUICK, f"page={page}"]) == 0
    assert "test example 0" in page.read_text(encoding="utf-8")
    with pytest.raises(UserError, match="which is a folder; it must be the name of an HTML file"):
        gates.run([*QUICK, f"page={tmp_path}"])
    with pytest.raises(UserError, match=r"The page .*/mine\.html/below\.html cannot be written: Not a directory\."):
        gates.run([*QUICK, f"page={page}/below.html"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["example=-1"], "example is -1; it must be a whole number from 0 to 268"),
        (["example=269"], "example is 269; it must be a whole number from 0 to 268"),
        (["text=hello"], "This task reads a file and no text; use file=PATH"),
        (["file=nowhere.png"], r"nowhere\.png cannot be read: No such file or directory"),
        (["text=hello", "file=a.png"], "text and file are both set; give one of them"),
        (["cell=gru"], "The study 'mine' has no trial with these settings; its cells are lstm, and its tasks digits"),
        (["seed=7"], "The study 'mine' has no trial with these settings"),
        (["digest=xyz"], "The study 'mine' has no trial 'xyz'"),
        (["study=mime"], "'mime'.*'mine'"),
    ],
)
def test_a_wrong_request_is_one_sentence(arguments: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        gates.run([*QUICK, *arguments])


def test_records_that_do_not_exist_are_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There are no records at"):
        gates.run([*QUICK, f"home={tmp_path / 'nothing'}"])
