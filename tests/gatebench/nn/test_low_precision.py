import pytest
import torch
from torch import Tensor

from gatebench import load_cell
from gatebench.backends import fused, reference, triton
from gatebench.backends.contract import LayerResult, Workload
from gatebench.nn.low_precision import KEEPS_STATES, products_dtype, raised, with_products
from gatebench.nn.recurrent import Recurrent
from tests.gatebench.nn.layers import B, H, T

DTYPE = torch.bfloat16


def inputs() -> Tensor:
    return torch.randn(T, B, 3, generator=torch.Generator().manual_seed(0))


def test_the_dtype_of_products_is_that_of_autocast() -> None:
    assert products_dtype(inputs()) is None
    with torch.autocast("cpu", DTYPE):
        assert products_dtype(inputs()) is DTYPE
        with torch.autocast("cpu", enabled=False):
            assert products_dtype(inputs()) is None


def test_only_low_precision_is_raised() -> None:
    x = inputs()
    assert raised(x) is x
    assert raised(x.double()).dtype == torch.float64
    assert raised(x.bfloat16()).dtype == raised(x.half()).dtype == torch.float32


@pytest.mark.parametrize("backend", ["fused", "native", "manual", "reference", "scan"])
@pytest.mark.parametrize("lengths", [None, [T] * (B - 1) + [2]])
def test_a_layer_on_the_cpu_computes_in_float32(backend: str, lengths: list[int] | None) -> None:
    cell = load_cell("minlstm" if backend == "scan" else "lstm")
    layer = Recurrent(cell, 3, H, 2, backend=backend, generator=torch.Generator().manual_seed(0))
    x, ends = inputs().bfloat16(), None if lengths is None else torch.tensor(lengths)
    plain, state, gates = layer.forward_with_gates(x.float(), None, ends)
    zeros = tuple(torch.zeros_like(part, dtype=DTYPE) for part in parts(state))
    with torch.autocast("cpu", DTYPE):
        output, final, trace = layer.forward_with_gates(x, zeros[0] if len(zeros) == 1 else zeros, ends)
    assert torch.equal(output, plain)
    assert all(map(torch.equal, parts(final), parts(state)))
    assert all(torch.equal(trace[layer][gate], gates[layer][gate]) for layer in gates for gate in gates[layer])
    assert output.dtype == torch.float32


def parts(state: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (state,) if isinstance(state, Tensor) else state


def test_gradients_are_those_of_float32() -> None:
    layer = Recurrent(load_cell("gru"), 3, H, backend="fused", generator=torch.Generator().manual_seed(0))
    found = []
    for is_on in (False, True):
        with torch.autocast("cpu", DTYPE, enabled=is_on):
            loss = layer(inputs())[0].square().sum()
        found.append(torch.autograd.grad(loss, list(layer.parameters())))
    assert all(map(torch.equal, *found))


def test_triton_gets_bfloat16_and_a_state_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Workload] = []
    given: dict[str, torch.dtype] = {}

    def refuses(_: object, work: Workload) -> None:
        asked.append(work)

    def run(cell, weights, x, state, lengths, trace):  # type: ignore[no-untyped-def]
        given.update(x=x.dtype, weights=weights["W.i"].dtype, state=state[0].dtype)
        wide = {label: weight.float() for label, weight in weights.items()}
        result = reference.run(cell, wide, x.float(), state, lengths, trace)
        gates = {gate: values.to(x.dtype) for gate, values in result.gates.items()}
        return LayerResult(result.output.to(x.dtype), result.state, gates)

    monkeypatch.setattr(triton, "refuses", refuses)
    monkeypatch.setattr(triton, "run", run)
    layer = Recurrent(load_cell("lstm"), 3, H, 2, backend="triton")
    with torch.autocast("cpu", DTYPE):
        output, state, gates = layer.forward_with_gates(inputs())
    assert given == {"x": DTYPE, "weights": DTYPE, "state": torch.float32}
    assert {work.products for work in asked} == {"bfloat16"}
    assert {work.dtype for work in asked} == {"float32"}
    assert layer.backends_used == ("triton",)
    assert {values.dtype for values in (output, *parts(state), *gates[1].values())} == {torch.float32}
    output.sum().backward()  # type: ignore[no-untyped-call]
    assert all(weight.grad is not None and weight.grad.dtype == torch.float32 for weight in layer.parameters())


def test_backends_without_such_products_stay_as_they_are() -> None:
    assert with_products((fused, fused), DTYPE) == (fused, fused)
    assert with_products((triton, None), None) == (triton, None)
    assert with_products((triton, None), torch.float16) == (triton, None)
    chosen, gates = with_products((triton, triton), DTYPE)
    assert chosen is gates
    assert chosen.NAME in KEEPS_STATES
    assert with_products((triton, reference), DTYPE)[1] is reference
