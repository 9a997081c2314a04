"""`gatebench speed`: tables, JSON, messages about wrong settings, and Ctrl-C."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from gatebench.backends import registry
from gatebench.machine import allocator
from gatebench.speed import benchmark_run, timing
from gatebench.speed.timing import time_interleaved
from launch.main import main
from tests.gatebench.speed.planted import off

SHAPES = ["shape=[6,3,2,4],[5,1,1,3]", "seconds=0", "keep_memory=false"]


@pytest.fixture(autouse=True)
def threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Skip the measurement of the GEMM peak, and restore torch's number of threads afterwards."""
    monkeypatch.setattr(timing, "gemm_peak", lambda clock: 1e11)
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_the_verb_prints_tables_and_writes_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "speed.json"
    overrides = ["cell=rnn_tanh", "backend=manual", "against=torch", "trace=false,true", "threads=1,2", f"json={file}"]
    assert main(["speed", *SHAPES, *overrides]) == 0
    found = json.loads(file.read_text(encoding="utf-8"))
    assert [(row["candidate"], row["trace"]) for row in found["rows"]] == [
        ("torch", False),
        ("manual", False),
        ("manual", True),
    ] * 4
    assert (found["benchmarks"], found["done"], set(found["gemm_peak"])) == (4, 4, {"1", "2"})
    assert {one["shapes"] for one in found["speeds"]} == {2}
    out, err = capsys.readouterr()
    table, _, summaries = out.partition("How many times as fast")
    assert table.startswith("cell rnn_tanh\nT,B,I,H  threads  candidate  gates")
    assert "least" in summaries
    assert "Time added by recording the gates" in summaries
    assert "The allocator has its default settings." in out
    assert [line.split("  ")[0] for line in err.splitlines()] == ["1/4", "2/4", "3/4", "4/4"]
    assert "(3 left, about " in err


def test_an_ablation_is_compared_with_its_base(capsys: pytest.CaptureFixture[str]) -> None:
    overrides = ["cell=lstm", "cell.ablate.i.fix=1", "backend=manual", "threads=1"]
    assert main(["speed", *SHAPES, *overrides]) == 0
    out = capsys.readouterr().out
    assert out.startswith("cell lstm[i=1], threads 1\n")
    assert "lstm on manual: the cell lstm on the same backend." in out
    assert "reference: an eager loop" in out


def test_a_disagreement_is_printed_instead_of_a_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(registry.BACKENDS, "manual", off(1e-2))
    assert main(["speed", *SHAPES, "backend=manual", "against=torch", "threads=1"]) == 1
    out = capsys.readouterr().out
    assert re.search(r"^6,3,2,4 +manual +differs$", out, re.MULTILINE)
    # One sentence for both shapes if the same gradient differs most at both, which rounding decides.
    assert re.search(r"lstm, manual, at 6,3,2,4(; 5,1,1,3)?: manual differs from the reference in gradient of", out)


def test_a_refusal_is_printed_and_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["speed", *SHAPES, "cell=janet", "backend=native,manual", "against=[]", "threads=1"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^5,1,1,3 +native +refused$", out, re.MULTILINE)
    assert "janet, native, at 6,3,2,4; 5,1,1,3: native runs exactly" in out


def test_after_ctrl_c_the_finished_benchmarks_are_printed_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "speed.json"
    benchmarks: list[object] = []

    def interrupted(*given: object) -> object:
        benchmarks.append(given)
        if len(benchmarks) == 2:
            raise KeyboardInterrupt
        return time_interleaved(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(benchmark_run, "time_interleaved", interrupted)
    assert main(["speed", *SHAPES, "backend=manual", "against=torch", "threads=1", f"json={file}"]) == 130
    out, err = capsys.readouterr()
    assert "torch" in out
    assert "6,3,2,4" in out
    assert "5,1,1,3" not in out
    assert out.endswith("Stopped after 1 of 2 benchmarks.\n")
    assert err.endswith("gatebench: stopped.\n")
    assert (json.loads(file.read_text())["benchmarks"], json.loads(file.read_text())["done"]) == (2, 1)


def test_freed_memory_is_kept_by_default(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(allocator, "keep_memory", lambda: "It is kept.")
    assert main(["speed", "shape=[1,1,1,1]", "seconds=0", "backend=manual", "against=[]"]) == 0
    assert "It is kept." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["cell=lsmt"], "gatebench: There is no cell 'lsmt'; did you mean 'lstm'?"),
        (
            ["json=/nowhere/at/all.json"],
            "gatebench: json is '/nowhere/at/all.json'; it must be a file in an existing folder.",
        ),
        (["json=/"], "gatebench: json is '/'; it must be a file"),
        (["json=/proc/speed.json"], "gatebench: json is '/proc/speed.json', and no file can be created in its folder"),
        (["clock=sun"], "gatebench: There is no clock 'sun'"),
        (["clock=processor", "threads=2"], "gatebench: clock=processor needs threads=1"),
        (["--foo"], "gatebench: Unrecognized arguments: --foo; see gatebench speed --help."),
    ],
)
def test_a_wrong_setting_gives_a_message_of_one_line(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["speed", *argv]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(message)
    assert err.count("\n") == 1


def test_the_config_is_shown_instead(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["speed", "set=full", "--cfg", "job"]) == 0
    assert "two_products:" in capsys.readouterr().out


def test_a_wrong_setting_is_reported_without_importing_torch() -> None:
    code = (
        "import sys; from launch.config.speed_config import speed_plan; "
        "speed_plan(['set=full']); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_exit_code_is_2_if_all_candidates_refuse(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["speed", "cell=gru", "shape=[2,1,1,1]", "seconds=0", "backend=scan", "against=[]"]) == 2
    assert "scan runs cells that are affine in their state" in capsys.readouterr().out
