"""The README: its links, its picture, its example in Python, and the targets that it names."""

import re

import pytest

from launch import cells
from tests.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
LINKS = sorted({link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link})
FOLDERS = sorted(set(re.findall(r"`((?:conf|gatebench|tasks|launch|tests)/[\w/]*)`", README)))


@pytest.mark.parametrize("path", [*LINKS, *FOLDERS])
def test_a_named_path_exists(path: str) -> None:
    assert (ROOT / path).exists(), f"README.md names {path}, which does not exist."


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`?make ([a-z-]+)", README))))
def test_a_named_target_exists(target: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_the_picture_is_what_the_command_draws(capsys: pytest.CaptureFixture[str]) -> None:
    assert cells.run(["draw", "lstm_no_input"]) == 0
    assert (ROOT / "docs" / "assets" / "lstm_no_input.svg").read_text(encoding="utf-8") == capsys.readouterr().out


def test_the_example_in_python_runs() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(example, "README.md", "exec"), names)
    gates = names["gates"]
    assert isinstance(gates, dict)
    assert tuple(gates[0]["f"].shape) == (50, 4, 16)


def test_the_first_table_repeats_the_demo() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+? ± .+?) \| (.+?) \| (.+?) \|$", README, re.MULTILINE)
    assert len(rows) == 3
    for cell, *values in rows:
        printed, *_ = re.findall(rf"^{cell} +.*$", README, re.MULTILINE)
        assert all(value in printed for value in values), f"make demo did not print {values} for {cell}"
