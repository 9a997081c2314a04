from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

from gatebench import load_cell
from gatebench.backends import fused, manual, reference, triton
from gatebench.backends.contract import LayerResult, Workload
from gatebench.nn.low_precision import KEEPS_STATES, products_dtype, raised, with_products
from gatebench.nn.recurrent import Recurrent
from tests.gatebench.backends.fused.rounded_reference import round_the_reference
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


@pytest.mark.parametrize("backend", ["native", "manual", "reference", "scan"])
@pytest.mark.parametrize("lengths", [None, [T] * (B - 1) + [2]])
def test_a_layer_without_products_in_bfloat16_computes_in_float32(backend: str, lengths: list[int] | None) -> None:
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


def test_fused_rounds_the_factors_of_products(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a layer with autocast: output, state, gates and gradients are float32, and near those without rounding."""
    layer = Recurrent(load_cell("lstm"), 3, H, 2, backend="fused", generator=torch.Generator().manual_seed(0))
    plain, found = values(layer), values(layer, torch.bfloat16)
    with monkeypatch.context() as rounding:
        round_the_reference(rounding)
        rounded = values(Recurrent(layer.cell, 3, H, 2, backend="reference"), weights=layer.state_dict())
    for one, exact, other in zip(found, plain, rounded, strict=True):
        assert one.dtype == torch.float32
        scale = float(exact.abs().max())
        assert 0 < float((one - exact).abs().max()) <= 0.02 * scale
        assert float((one - other).abs().max()) <= 1e-3 * scale


def values(
    layer: Recurrent, products: torch.dtype | None = None, weights: Mapping[str, Tensor] | None = None
) -> list[Tensor]:
    """Return the output, a state, a gate of the second layer, and the gradients of all weights."""
    if weights is not None:
        layer.load_state_dict(weights)
    with torch.autocast("cpu", products or torch.bfloat16, enabled=products is not None):
        output, (_, c), gates = layer.forward_with_gates(inputs())
    gradients = torch.autograd.grad(output.square().sum(), list(layer.parameters()))
    return [output.detach(), c.detach(), gates[1]["f"].detach(), *gradients]


def test_gradients_are_those_of_float32() -> None:
    layer = Recurrent(load_cell("gru"), 3, H, backend="native", generator=torch.Generator().manual_seed(0))
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
    assert with_products((manual, None), DTYPE) == (manual, None)
    assert with_products((triton, None), None) == (triton, None)
    assert with_products((triton, None), torch.float16) == (triton, None)
    for backend in (triton, fused):
        chosen, gates = with_products((backend, backend), DTYPE)
        assert chosen is gates
        assert chosen is not backend
        assert chosen.NAME == backend.NAME
        assert chosen is KEEPS_STATES[backend.NAME]
    assert with_products((triton, reference), DTYPE)[1] is reference
