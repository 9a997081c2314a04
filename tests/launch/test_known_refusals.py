from pathlib import Path

import pytest

from launch.config.compose import expand
from launch.known_refusals import known_refusals
from launch.main import main
from tasks.synthetic.parity import Parity

PARITY = ["task=parity", "task.training=8", "task.validation=8", "task.test=8", "cell=lstm,attention"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEBENCH_HOME", str(tmp_path))
    monkeypatch.setenv("GATEBENCH_DATA", str(tmp_path / "nowhere"))


def test_a_plan_shows_the_trials_that_training_would_refuse(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["plan", *PARITY[:-1], "cell=lstm", "training.tbptt=0,4"]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "1 planned, 1 refused." in out
    assert "training.tbptt=4 would train only on the last 4 steps of parity" in out
    assert "To run: 1" in out
    monkeypatch.setattr(Parity, "load", lambda *_: pytest.fail("The task is loaded again."))
    assert main(arguments) == 0
    assert capsys.readouterr().out == out


def test_an_architecture_is_refused_for_a_network_with_several_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = expand(PARITY)
    assert known_refusals(plan.trials, plan.settings) == {}
    monkeypatch.setattr(
        "gatebench.training.network_check.network_refusal", lambda trial, problem: "It has several recurrent parts."
    )
    other = expand([*PARITY, "task.length=9"])
    (attention,) = (trial for trial in other.trials if trial.cell["base"] == "attention")
    assert known_refusals(other.trials, other.settings) == {attention.digest: "It has several recurrent parts."}


def test_a_trial_without_its_data_is_not_looked_at() -> None:
    plan = expand(["task=sequential_mnist", "cell=attention"])
    assert known_refusals(plan.trials, plan.settings) == {}


def test_a_machine_without_a_compiler_refuses_compilation_unless_a_cluster_is_joined(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    arguments = [*PARITY[:-1], "cell=lstm", "training.compile=true,false"]
    assert main(["plan", *arguments]) == 0
    out = capsys.readouterr().out
    assert "1 planned, 1 refused." in out
    assert "training.compile=true needs a C++ compiler, and 'no-such-compiler' is no program on the path" in out
    joined = expand([*arguments, "ray_address=head:6379"])
    assert known_refusals(joined.trials, joined.settings) == {}
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/c++")
    plan = expand(arguments)
    assert known_refusals(plan.trials, plan.settings) == {}


@pytest.mark.parametrize(("task", "is_refused"), [(PARITY[:-1], True), (["task=digits"], False)])
def test_cuda_graphs_are_refused_for_sequences_of_several_lengths(
    monkeypatch: pytest.MonkeyPatch, task: list[str], is_refused: bool
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/c++")
    graphs = ["training.compile=true", "training.device=cuda", "training.cuda_graphs=true"]
    plan = expand([*task, "cell=lstm", *graphs])
    found = known_refusals(plan.trials, plan.settings)
    assert [one.startswith("training.cuda_graphs=true needs") for one in found.values()] == [True] * is_refused
