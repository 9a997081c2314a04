from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from gatebench.control import Control
from gatebench.errors import Refusal
from gatebench.training import compiled_loss
from gatebench.training.checkpoint.saver import TrialSaver
from gatebench.training.compiled_loss import check_compile, make_loss
from gatebench.training.learner import Learner
from gatebench.training.network import Network
from gatebench.training.trainer import train
from gatebench.trial import Trial
from tests.gatebench.training.checkpoint.trials import TRIALS
from tests.gatebench.training.sign import TRIAL, Sign

COMPILED = replace(TRIAL.training, compile=True, backend="fused")


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")


def test_without_compilation_it_is_the_loss_of_the_network() -> None:
    problem = Sign().load(Path())
    network, batch = Network(problem, TRIAL), problem.train.batch(torch.arange(9))
    loss = make_loss(problem, network, TRIAL.training)(batch)
    assert torch.equal(loss, problem.loss(network(batch), batch))


@pytest.mark.usefixtures("no_compiler")
def test_a_machine_without_a_compiler_is_refused_in_one_sentence() -> None:
    problem = Sign().load(Path())
    check_compile(TRIAL.training, problem)
    with pytest.raises(Refusal) as refusal:
        check_compile(COMPILED, problem)
    assert str(refusal.value) == (
        "training.compile=true needs a C++ compiler, and 'no-such-compiler' is no program on the path; install it, "
        "name another one in the variable CXX, without arguments, or leave training.compile out."
    )


def test_cuda_graphs_need_batches_of_one_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/c++")
    graphs = replace(COMPILED, device="cuda", cuda_graphs=True)
    check_compile(graphs, Sign().load(Path()))
    with pytest.raises(Refusal, match=r"^training\.cuda_graphs=true needs batches of one shape, .* leave it out\.$"):
        check_compile(graphs, TRIALS["tokens"].build_task().load(Path()))


@pytest.mark.parametrize(
    ("backend", "device", "is_operator"),
    [("fused", "cpu", True), ("scan", "cpu", True), ("auto", "cpu", True), ("auto", "cuda", False)]
    + [(name, "cpu", False) for name in ("native", "reference", "manual", "triton")],
)
def test_layers_of_other_backends_run_between_the_parts_of_the_program(
    backend: str, device: str, is_operator: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []

    def disable(function: Any) -> Any:
        given.append(function)
        return function

    monkeypatch.setattr(torch, "compile", lambda function, **_: function)
    monkeypatch.setattr(torch.compiler, "disable", disable)
    network = Network(problem := Sign().load(Path()), TRIAL)
    make_loss(problem, network, replace(COMPILED, backend=backend, device=device))
    assert bool(given) is not is_operator


def test_a_cuda_graph_gives_its_result_before_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    options: list[Any] = []
    result = torch.zeros(())

    def compiled(_: Any, **named: Any) -> Any:
        options.append(named["options"])
        return lambda _: result

    monkeypatch.setattr(torch, "compile", compiled)
    network = Network(problem := Sign().load(Path()), TRIAL)
    begun: list[bool] = []
    monkeypatch.setattr(torch.compiler, "cudagraph_mark_step_begin", lambda: begun.append(True))
    settings = replace(COMPILED, device="cuda", cuda_graphs=True)
    loss = make_loss(problem, network, settings)(problem.train.batch(torch.arange(3)))
    assert loss is not result
    assert begun == [True]
    assert options[0] == {"fallback_random": True, "triton.cudagraphs": True}


def trained(trial: Trial) -> Learner:
    torch.manual_seed(0)
    learner = Learner(trial, trial.build_task().load(Path()))
    train(learner, TrialSaver(learner, (learner.problem,), Control()), learner.metric, lambda _: None)
    return learner


@pytest.fixture
def graphs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The numbers of operations of the programs that were compiled, with a compiler that changes nothing."""
    found: list[int] = []

    def compiler(program: Any, _: Any) -> Any:
        found.append(len(program.graph.nodes))
        return program.forward

    monkeypatch.setattr(compiled_loss, "COMPILER", compiler)
    torch._dynamo.reset()
    yield found
    torch._dynamo.reset()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore")  # torch's own, which its compiler would take as errors of the program
@pytest.mark.parametrize(("name", "most"), [("tokens", 2), ("text", 12), ("every step", 8), ("bfloat16", 2)])
def test_one_program_runs_batches_of_all_lengths_with_the_same_results(name: str, most: int, graphs: list[int]) -> None:
    trial = TRIALS[name]
    plain = trained(trial)
    compiled = trained(replace(trial, training=replace(trial.training, compile=True)))
    assert 1 <= len(graphs) <= most
    assert compiled.state_dict().keys() == plain.state_dict().keys()
    assert compiled.network.backends_used == plain.network.backends_used
    for one, other in zip(compiled.history, plain.history, strict=True):
        assert one == pytest.approx(other, rel=1e-5, abs=1e-6)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore")
def test_the_compiler_of_torch_agrees_within_rounding() -> None:
    trial = TRIALS["tokens"]
    plain, compiled = (
        trained(replace(trial, training=replace(trial.training, max_epochs=2, compile=is_compiled)))
        for is_compiled in (False, True)
    )
    for one, other in zip(compiled.history, plain.history, strict=True):
        assert one == pytest.approx(other, rel=1e-4, abs=1e-5)
