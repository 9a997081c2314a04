"""No time without agreement; and times, bytes and sentences where they belong."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from gatebench import Cell, backends, load_cell
from gatebench.backends import Run, reference
from gatebench.errors import UserError
from gatebench.speed import contest as contests
from gatebench.speed.contest import STANDARD, contest
from gatebench.speed.measure import gemm_peak, interleaved, kept_bytes
from gatebench.speed.problem import Shape
from launch.main import main

SHAPE = Shape(6, 3, 2, 4)


def off(error: float) -> SimpleNamespace:
    """Return a backend whose gate weights' gradients are wrong by a part of themselves."""

    def run(
        cell: Cell,
        weights: Mapping[str, Tensor],
        x: Tensor,
        state: tuple[Tensor, ...],
        lengths: Tensor | None,
        trace: bool,
    ) -> Run:
        skewed = {n: w + error * (w - w.detach()) for n, w in weights.items()}
        return reference.run(cell, skewed, x, state, lengths, trace)

    return SimpleNamespace(NAME="off", refuses=lambda cell, work: None, run=run)


@pytest.mark.parametrize("error", [1e-2, float("nan")])
def test_a_wrong_gradient_gets_a_sentence_and_no_time(error: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(backends.BACKENDS, "off", off(error))
    rows = {row.backend: row for row in contest(load_cell("janet"), SHAPE, ["off", "reference"], 0.0, 1e9, trace=True)}
    assert rows["off"].seconds is None
    assert "off differs from the reference in" in rows["off"].sentence
    assert rows["reference"].seconds is not None


def test_a_refusal_is_a_row_with_its_sentence() -> None:
    rows = contest(load_cell("lstm"), SHAPE, ["fused", "scan"], 0.0, 1e9, trace=True)
    assert [row.backend for row in rows] == [STANDARD, "fused", "scan"]
    assert rows[0].ratio == 1.0
    assert rows[1].kept is not None
    assert "affine" in rows[2].sentence


def test_every_native_cell_has_its_module() -> None:
    for name in contests.MODULES:
        assert contest(load_cell(name), SHAPE, [], 0.0, 1e9, trace=False)[0].backend == STANDARD


def test_steps_take_turns() -> None:
    seen: list[str] = []
    times = interleaved([lambda: seen.append("a"), lambda: seen.append("b")], 0.0)
    assert "".join(seen) == "ab" * (len(seen) // 2)
    assert all(time >= 0 for time in times)


def test_kept_bytes_count_what_autograd_holds() -> None:
    x = torch.ones(1000, requires_grad=True)
    assert kept_bytes(lambda: (x * 2).exp().sum(), [x]) == 4000
    assert gemm_peak(64, 0.01) > 0


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
    with pytest.raises(UserError, match="T is 0"):
        Shape(0, 1, 1, 1)
