"""`Recurrent` in programs that torch traces: the same bits as without, in outputs, states and all gradients."""

from typing import Any

import pytest
import torch
from torch import Tensor

from gatebench import Cell, Recurrent, load_cell
from gatebench.errors import Refusal, UserError

# torch's compiler does it itself.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.script_method.* is deprecated:DeprecationWarning"),
]

T, B, I, H = 5, 3, 2, 4  # noqa: E741

CELLS = {
    "lstm": load_cell("lstm"),
    "lstm without an input gate": load_cell("lstm").fix("i", 1),
    "peepholes": load_cell("lstm_peephole"),
    "two products": load_cell("gru_before"),
    "full gate recurrence": load_cell("lstm_fgr"),
    "no recurrent product": load_cell("minlstm"),
    "exponential gates": load_cell("slstm"),
}


def layer(cell: Cell, **settings: object) -> Recurrent:
    return Recurrent(cell, I, H, generator=torch.Generator().manual_seed(1), **settings)  # type: ignore[arg-type]


def read(seed: int = 0) -> Tensor:
    return torch.randn(T, B, I, generator=torch.Generator().manual_seed(seed))


def results(run: Any, module: Recurrent, *given: object) -> list[Tensor]:
    """Return the output, the states, and the gradients of x and of all weights."""
    x = read().requires_grad_()
    module.zero_grad()
    output, state = run(x, *given)
    states = (state,) if isinstance(state, Tensor) else state
    torch.autograd.backward((output * output).sum() + sum(part.sum() for part in states))
    gradients = [weight.grad for weight in module.parameters() if weight.grad is not None]
    assert x.grad is not None
    return [output.detach(), *(part.detach() for part in states), x.grad, *gradients]


def are_equal(one: list[Tensor], other: list[Tensor]) -> bool:
    return len(one) == len(other) and all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.fixture(autouse=True)
def _fresh_compiler() -> None:
    torch._dynamo.reset()


COMPILED_HERE = ("lstm without an input gate", "no recurrent product")
"""The cells whose programs are compiled in the fast tests."""


@pytest.mark.parametrize(
    "name", [name if name in COMPILED_HERE else pytest.param(name, marks=pytest.mark.slow) for name in CELLS]
)
def test_a_compiled_program_has_the_same_bits(name: str) -> None:
    module = layer(CELLS[name])
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True)
    assert are_equal(results(compiled, module), results(module, module))


def test_layers_directions_and_lengths_are_compiled() -> None:
    module = layer(load_cell("lstm_no_output"), num_layers=2, bidirectional=True)
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True)
    lengths = torch.tensor([5, 0, 3])
    assert are_equal(results(compiled, module, None, lengths), results(module, module, None, lengths))


def test_one_program_runs_other_numbers_of_steps() -> None:
    module = layer(load_cell("lstm"))
    programs: list[object] = []

    def counted(graph: torch.fx.GraphModule, _: object) -> object:
        programs.append(graph)
        return graph.forward

    compiled = torch.compile(module, backend=counted, fullgraph=True, dynamic=True)
    with torch.no_grad():
        for steps in (5, 4, 7):
            x = torch.ones(steps, B, I)
            assert torch.equal(compiled(x)[0], module(x)[0])
    assert len(programs) == 1


def test_an_exported_program_has_the_same_bits_for_any_number_of_steps() -> None:
    module = layer(load_cell("lstm").fix("f", 1))
    steps = torch.export.Dim("steps", min=2, max=100)
    exported = torch.export.export(module, (read(),), dynamic_shapes=({0: steps},)).module()
    x = torch.cat([read(), read(1)])
    assert torch.equal(exported(x)[0], module(x)[0])


@pytest.mark.parametrize("name", CELLS)
def test_functional_gradients_are_those_of_the_backward_pass(name: str) -> None:
    module = layer(CELLS[name])
    weights = {label: weight.detach() for label, weight in module.named_parameters()}

    def loss(own: dict[str, Tensor], x: Tensor) -> Tensor:
        output, state = torch.func.functional_call(module, own, (x,))
        states = (state,) if isinstance(state, Tensor) else state
        total: Tensor = (output * output).sum() + sum(part.sum() for part in states)
        return total

    found, dx = torch.func.grad(loss, argnums=(0, 1))(weights, read())
    expected = results(module, module)
    assert are_equal([dx, *found.values()], expected[-1 - len(found) :])


def test_a_map_over_inputs_and_a_map_over_weights() -> None:
    modules = [Recurrent(load_cell("lstm"), I, H, generator=torch.Generator().manual_seed(n)) for n in range(3)]
    inputs = torch.stack([read(n) for n in range(3)])
    of_inputs = torch.func.vmap(lambda x: modules[0](x)[0])(inputs)
    assert torch.equal(of_inputs, torch.stack([modules[0](x)[0] for x in inputs]))
    x = read()
    stacked, buffers = torch.func.stack_module_state(modules)
    run = lambda own: torch.func.functional_call(modules[0], (own, buffers), (x,))[0]  # noqa: E731
    assert torch.equal(torch.func.vmap(run)(stacked), torch.stack([module(x)[0] for module in modules]))


def test_gradients_for_each_example() -> None:
    module = layer(load_cell("gru"))
    weights = {label: weight.detach() for label, weight in module.named_parameters()}
    loss = lambda own, x: torch.func.functional_call(module, own, (x[:, None],))[0].sum()  # noqa: E731
    found = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 1))(weights, read())
    for example in range(B):
        module.zero_grad()
        module(read()[:, example : example + 1])[0].sum().backward()
        assert all(
            torch.equal(found[label][example], weight.grad)
            for label, weight in module.named_parameters()
            if weight.grad is not None
        )


def test_the_compiled_program_returns_gates() -> None:
    module = layer(load_cell("lstm"))
    compiled = torch.compile(module.forward_with_gates, backend="aot_eager", fullgraph=True)
    with torch.no_grad():
        _, _, gates = compiled(read())
        _, _, expected = module.forward_with_gates(read())
    assert all(torch.equal(gates[0][name], values) for name, values in expected[0].items())


def test_a_second_derivative_is_refused() -> None:
    module = layer(load_cell("lstm"), backend="fused")
    twice = torch.func.grad(lambda y: torch.func.grad(lambda x: module(x)[0].sum())(y).sum())
    with pytest.raises(Refusal, match="fused has no second derivative; backend=reference has one"):
        twice(read())


def test_a_gradient_through_a_gate_is_refused() -> None:
    module = layer(load_cell("lstm"), backend="fused")
    with pytest.raises(Refusal, match="no gradient through traced gates"):
        torch.func.grad(lambda x: module.trace(x, backend="fused")[2][0]["f"].sum())(read())


def test_wrong_lengths_are_reported_when_the_program_runs() -> None:
    module = layer(load_cell("lstm"))
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True)
    with pytest.raises(UserError, match="lengths must be 3 whole numbers from 0 to 5"):
        compiled(read(), None, torch.tensor([9, 1, 1]))


@pytest.mark.slow
def test_the_default_compiler_has_the_same_bits() -> None:
    module = layer(load_cell("lstm_no_forget"))
    assert are_equal(results(torch.compile(module, fullgraph=True), module), results(module, module))
