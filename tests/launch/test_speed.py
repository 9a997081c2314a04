"""The verb: a table, JSON, and mistakes in one sentence."""

import json
from pathlib import Path

import pytest

from launch.main import main


def test_the_verb_prints_a_table_and_writes_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "speed.json"
    arguments = [
        "cells=lstm",
        "shapes=6,3,2,4;5,1,1,3",
        "seconds=0",
        "backends=fused",
        "allocator=system",
        f"json={file}",
    ]
    assert main(["speed", *arguments]) == 0
    written = json.loads(file.read_text())
    assert [row["backend"] for row in written["rows"]] == ["torch", "fused"] * 2
    assert "kept MB" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("cell=lstm", "did you mean 'cells'"),
        ("shapes=1,2", "write T,B,I,H"),
        ("cells=lsmt", "'lstm'"),
        ("seconds=x", "number"),
    ],
)
def test_a_mistake_is_one_sentence(argument: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["speed", argument]) == 2
    assert said in capsys.readouterr().err
