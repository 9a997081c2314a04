import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gatebench.backends.contract import Workload
from gatebench.backends.registry import BACKENDS
from gatebench.cells import cell_names, load_cell
from gatebench.derive.cost import parameters
from gatebench.errors import UserError
from launch import cells


def printed(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert cells.run(argv) == 0
    return capsys.readouterr().out


def test_the_list_has_every_cell_with_its_gates_and_size(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {line.split()[0]: line for line in printed(capsys).splitlines()[2:] if line}
    assert set(cell_names()) <= set(rows)
    assert "i=1 f g o" in rows["lstm_no_input"]
    assert f"{parameters(load_cell('gru'), cells.SIZE, cells.SIZE):,}" in rows["gru"]


def test_the_list_says_how_a_cell_can_run(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {line.split()[0]: re.split(r"  +", line) for line in printed(capsys).splitlines() if line}
    assert rows["cell"] == list(cells.COLUMNS)
    assert rows["gru_before"][4:7] == ["2", "–", "–"]
    assert rows["gru"][4:7] == ["1", "–", "native"]
    assert rows["mingru"][4:7] == ["0", "yes", "scan"]


@pytest.mark.parametrize("argv", [("--config-dir", "{}"), ("format=markdown", "--config-dir={}")])
def test_the_list_has_the_cells_of_the_user(
    argv: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cell").mkdir()
    (tmp_path / "cell" / "mine.yaml").write_text("name: mine\nbase: lstm\nablate: {i: {fix: 1}}\n")
    text = printed(capsys, *(argument.format(tmp_path) for argument in argv))
    assert "mine[i=1]" in text
    assert "lstm_no_input" in text


def test_architectures_that_are_no_cells_are_listed_below_and_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cell").mkdir()
    (tmp_path / "cell" / "narrow.yaml").write_text("name: narrow\nbase: tcn\noptions: {levels: 2}\n")
    text = printed(capsys, "--config-dir", str(tmp_path))
    assert text.split("Not cells, without gates, but chosen in their place:\n")[1].splitlines() == [
        "  attention (heads=2, feedforward=4, positions=sinusoidal): Vaswani et al. 2017, arXiv 1706.03762",
        "  narrow (kernel=3, levels=2): Bai, Kolter & Koltun 2018, arXiv 1803.01271",
        "  tcn (kernel=3, levels=null): Bai, Kolter & Koltun 2018, arXiv 1803.01271",
    ]
    shown = printed(capsys, "show", "attention", "cell.options.heads=4")
    assert shown.startswith("attention[heads=4]: Vaswani")
    assert "Not a cell: it has no gates." in shown
    with pytest.raises(UserError, match="tcn is not a cell: it has no gates"):
        cells.run(["draw", "tcn"])


def test_the_options_of_a_subject_may_come_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cell").mkdir()
    (tmp_path / "cell" / "mine.yaml").write_text("name: mine\nbase: lstm\n")
    assert printed(capsys, "--config-dir", str(tmp_path), "show", "mine").startswith("mine: Gers")
    assert printed(capsys, "show", "--cfg=job", "gru").startswith("cell:\n  name: gru")
    with pytest.raises(UserError, match="--config-dir is 'absent', which is not a folder"):
        cells.run(["--config-dir", "absent"])


ALL_CELLS = [load_cell(name) for name in cell_names()]


def test_the_backends_of_the_list_are_those_that_run_the_cell() -> None:
    work = Workload(3, 2, 4, 4, "float64")
    for row in cells.rows(ALL_CELLS):
        cell = load_cell(row[0])
        named = set(row[6].split()) - {"–"}
        every = {name for name, backend in BACKENDS.items() if all(backend.refuses_cell(c) is None for c in ALL_CELLS)}
        assert {"manual", "reference", "fused"} <= every
        for name, backend in BACKENDS.items():
            if backend.refuses_cell(cell):
                assert name not in named
                assert backend.refuses(cell, work) == backend.refuses_cell(cell)
            else:
                assert name in named | every
        running = {name for name, backend in BACKENDS.items() if backend.refuses(cell, work) is None}
        compiler = BACKENDS["fused"].refuses(cell, work) is None
        without_a_gpu = {"triton"}  # it refuses float64 everywhere, and the CPU
        assert running == (named | every) - without_a_gpu - (set() if compiler else {"scan", "fused"})


def test_nothing_is_compiled_for_the_list() -> None:
    code = (
        "import os; os.environ['PATH'] = ''; import subprocess, launch.cells\n"
        "def no(*a, **k): raise SystemExit('a process was started')\n"
        "subprocess.Popen = subprocess.run = no\n"
        "launch.cells.listing()"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr == ""


def test_a_cell_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    root = ElementTree.fromstring(printed(capsys, "draw", "lstm_nig"))
    assert "i = 1" in root.itertext()
    assert "an ablation of lstm_peephole" in root.itertext()
    assert printed(capsys, "draw", "gru", "format=dot").startswith('digraph "gru" {')
    assert "o = 1" in printed(capsys, "draw", "lstm", "cell.ablate.o.fix=1", "format=svg")


def test_a_cell_is_shown_with_equations_and_cost(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "show", "lstm_no_input")
    assert "\ni = 1\n" in text
    assert "\\begin{aligned}" in text
    assert load_cell("lstm_no_input").digest in text
    assert f"{parameters(load_cell('lstm_no_input'), cells.SIZE, cells.SIZE):,}" in text


def test_an_ablation_is_shown_before_it_is_run(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "show", "lstm", "cell.ablate.i.fix=0,1")
    assert "lstm[i=0]:" in text
    assert load_cell("lstm_no_input").digest in text


def test_a_cell_is_shown_with_a_line_for_each_gate(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "show", "gru", "cell.ablate.r.fix=1").splitlines()
    assert [line.split(maxsplit=1) for line in lines if re.match("[rzn]  ", line)] == [
        ["r", "reset (r)                1"],
        ["z", "keep (z), write (1 − z)  from 0 to 1"],
        ["n", "candidate (n)            from -1 to 1"],
    ]


@pytest.mark.parametrize(
    ("cell", "gate", "line"),
    [
        ("slstm", "f_prime", "keep (f_prime) from 0 to 1"),
        ("slstm", "i", "preactivation (i) unbounded"),
        ("lstm_relu_gates", "f", "keep (f) at least 0"),
        ("lstm[i=0]", "g", "– not computed, because nothing reads it"),
        ("lstm[o=log_sigmoid(h)]", "o", "expose (o) at most 0"),
    ],
)
def test_the_line_of_a_gate(cell: str, gate: str, line: str) -> None:
    built = {
        "lstm[i=0]": load_cell("lstm").fix("i", 0),
        "lstm[o=log_sigmoid(h)]": load_cell("lstm").tie("o", "log_sigmoid(h)"),
    }.get(cell) or load_cell(cell)
    lines = {row.split()[0]: " ".join(row.split()[1:]) for row in cells.gate_table(built).splitlines()[2:]}
    assert list(lines) == list(built.gates)
    assert lines[gate] == line


def test_the_roles_in_one_line() -> None:
    assert cells.roles_text(load_cell("ligru")) == "keep (z), write (1 − z), reset (r) = 1, candidate (n)"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["shw", "lstm"], "There is no subject 'shw' of gatebench cells; did you mean 'show'?"),
        (["format=pdf"], "There is no format 'pdf'. Allowed: markdown, text."),
        (["format=text", "lstm"], "There is no argument 'lstm' of the list of cells"),
        (["draw"], "needs the name of a cell"),
        (["draw", "format=dot"], "needs the name of a cell"),
        (["draw", "lstm", "format=png"], "There is no format 'png'"),
        (["draw", "lstm", "cell.ablate.i.fix=0,1"], "These are 2 cells; gatebench cells draw draws one at a time."),
        (["show"], "needs the name of a cell"),
        (["show", "lsmt"], "There is no cell 'lsmt'; did you mean 'lstm'?"),
        (["show", "lstm", "cell.ablate.q.fix=1"], "There is no gate 'q' of lstm"),
    ],
)
def test_wrong_arguments_are_refused(argv: list[str], message: str) -> None:
    with pytest.raises(UserError) as caught:
        cells.run(argv)
    assert message in str(caught.value)


def test_help_is_there_with_and_without_a_subject(capsys: pytest.CaptureFixture[str]) -> None:
    for argv in (["--help"], ["show", "--help"]):
        with pytest.raises(SystemExit):
            cells.run(argv)
        assert "gatebench cells show lstm_no_input" in capsys.readouterr().out
