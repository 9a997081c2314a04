"""Checks of the backend `triton` in Triton's interpreter, on the CPU: a program of its own.

Triton decides when it is imported whether kernels are interpreted. So the tests start
`TRITON_INTERPRET=1 python -m tests.gatebench.backends.triton.interpreted CHECK ...`, which prints one line of JSON: the
message of each check that failed, by its name. Without arguments it runs `EVERY`.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterable
from functools import partial

import pytest
import torch
from torch import Tensor

from gatebench import Cell, Gate, Recurrent, cell_names, load_cell
from gatebench.backends import reference, triton
from gatebench.backends.triton import launch, self_check
from gatebench.errors import Refusal
from gatebench.nn.sequence_dropout import masked_cell
from tests.gatebench.backends.agree import Drawn, assert_agreement, draw, results
from tests.gatebench.nn.layers import build, inputs, parts, passed, start
from tests.paths import ROOT

TOLERANCE = 2e-6
"""The largest error of float32, as a part of the largest value of its tensor."""

REPRESENTATIVE = ("lstm_peephole", "gru_before", "lstm_fgr", "slstm", "lstm_attention_input", "mut1", "minlstm")
"""Cells with peepholes, two products in a row, gates that read gates, a division, two widths, a pointwise x, no R."""


def cell_agrees(cell: Cell) -> None:
    """Outputs, states, gates and all gradients: an odd size, then lengths, among them 0."""
    assert_agreement(triton, cell, (3, 3, 4, 5), torch.float32, TOLERANCE)
    assert_agreement(triton, cell, (3, 5, 3, 3), torch.float32, TOLERANCE, lengths=[3, 1, 0, 3, 2])


def sizes_agree(cell: Cell) -> None:
    """One number of everything; a width of 16, which needs no padding; a width of 17, which needs 32 units."""
    for shape in ((1, 1, 1, 1), (2, 6, 3, 16), (5, 9, 18, 17)):
        assert_agreement(triton, cell, shape, torch.float32, TOLERANCE)


def weights_in_memory_agree(cell: Cell) -> None:
    """Matrices that do not fit on chip: the products read them, and their operands, from memory, in several blocks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launch, "shared_memory", lambda device: 0)
        cell_agrees(cell)
        assert_agreement(triton, cell, (2, 3, 33, 33), torch.float32, TOLERANCE, lengths=[2, 1, 0])
        weights, x, state = _float32(draw(cell, 3, 3, 2, 3))
        alone = triton.run(cell, weights, x, state, None, False)
    assert torch.equal(alone.output, triton.run(cell, weights, x, state, None, False).output)


def layers_agree(name: str) -> None:
    """Two layers, both directions, lengths, batch first, with a trace: all values and gradients."""
    settings = {"num_layers": 2, "bidirectional": not load_cell(name).definitions.square, "batch_first": True}
    expected = build(name, **settings)
    layer = copy.deepcopy(expected).float()
    layer.backend = "triton"
    x, state, lengths = inputs(expected), start(expected), torch.tensor([3, 5, 1])
    wanted, found = (_outcomes(each, x, state, lengths) for each in (expected, layer))
    assert layer.backends_used == layer.gate_backends_used == ("triton",)
    for ours, theirs in zip(found, wanted, strict=True):
        torch.testing.assert_close(ours.double(), theirs, rtol=1e-5, atol=1e-5)


def _outcomes(layer: Recurrent, x: Tensor, state: tuple[Tensor, ...], lengths: Tensor) -> list[Tensor]:
    dtype = next(layer.parameters()).dtype
    x, state = x.to(dtype).requires_grad_(), tuple(part.to(dtype).requires_grad_() for part in state)
    output, final, gates = layer.forward_with_gates(x, passed(layer, state), lengths)
    valid = (torch.arange(x.shape[1])[:, None] < lengths)[..., None]
    recorded = [torch.where(valid, values.detach(), 0.0) for of_layer in gates.values() for values in of_layer.values()]
    loss = output.square().sum() + sum(part.sum() for part in parts(final))
    slopes = torch.autograd.grad(loss, [x, *state, *layer.parameters()])
    return [output.detach(), *(part.detach() for part in parts(final)), *recorded, *slopes]


def nothing_is_kept_without_gradients() -> None:
    """Without gradients fewer values are stored; the results are the same, bit for bit."""
    cell = load_cell("gru3")
    weights, x, state = _float32(draw(cell, 4, 3, 2, 5))
    plain = triton.run(cell, weights, x, state, None, False)
    kept = triton.run(cell, {n: w.clone().requires_grad_() for n, w in weights.items()}, x, state, None, True)
    assert torch.equal(plain.output, kept.output)
    assert all(map(torch.equal, plain.state, kept.state))
    assert not plain.gates


def some_gradients_only() -> None:
    """A gradient that nobody wants is None: of frozen weights, of x, of the initial state."""
    cell = load_cell("lstm")
    weights, x, state = _float32(draw(cell, 3, 2, 2, 5))
    weights["R.i"].requires_grad_()
    result = triton.run(cell, weights, x, state, None, False)
    result.state[1].sum().backward()  # type: ignore[no-untyped-call]
    assert weights["R.i"].grad is not None
    assert weights["W.i"].grad is x.grad is state[0].grad is None


def no_derivative_that_was_not_derived() -> None:
    """A second derivative, and one through a traced gate, are refused."""
    cell = load_cell("gru")
    weights, x, state = _float32(draw(cell, 2, 2, 2, 3))
    x.requires_grad_()
    result = triton.run(cell, weights, x, state, None, True)
    with pytest.raises(Refusal, match="triton has no second derivative; backend=reference has one"):
        torch.autograd.grad(result.output.sum(), x, create_graph=True)
    with pytest.raises(Refusal, match="triton has no gradient through traced gates"):
        torch.autograd.grad(result.gates["z"].sum(), x)


def one_dtype() -> None:
    """Weights of another dtype than x are refused."""
    cell = load_cell("gru")
    weights, x, state = _float32(draw(cell, 2, 2, 2, 3))
    with pytest.raises(Refusal, match=r"one dtype: x is torch.bfloat16, a weight or the state torch.float32"):
        triton.run(cell, weights, x.bfloat16(), state, None, False)


def a_nan_in_the_padding_reaches_nothing() -> None:
    """NaN after the end of a sequence changes no output, no state and no gradient."""
    cell, lengths = load_cell("lstm_attention_input"), torch.tensor([2, 4, 0])
    weights, x, state = _float32(draw(cell, 4, 3, 2, 5))
    padded = torch.where((torch.arange(4)[:, None] < lengths)[..., None], x, torch.nan)
    found = []
    for each in (x, padded):
        own = {n: w.clone().requires_grad_() for n, w in weights.items()}
        result = triton.run(cell, own, each, state, lengths, False)
        slopes = torch.autograd.grad(result.output.sum() + sum(part.sum() for part in result.state), list(own.values()))
        found.append([result.output, *result.state, *slopes])
    assert all(map(torch.equal, *found))


def bfloat16_is_near(name: str) -> None:
    """Products of bfloat16, sums and states of float32: near the reference of the rounded inputs."""
    cell = load_cell(name)
    weights, x, state = draw(cell, 4, 3, 4, 5)
    rounded = ({n: w.bfloat16().double() for n, w in weights.items()}, x.bfloat16().double())
    drawn = (*rounded, tuple(part.bfloat16().double() for part in state))
    wanted, found = results(reference, cell, drawn, torch.float64), results(triton, cell, drawn, torch.bfloat16)
    for key, value in wanted.items():
        error = float((found[key] - value).abs().max()) / float(value.abs().max())
        assert error < 0.03, f"{name}: {key} is off by {error:.3f} of its largest value"


def autocast_keeps_states_in_float32() -> None:
    """A layer with weights in float32, under autocast: near the layer in float32, and its state is not rounded."""
    layer = Recurrent(load_cell("lstm"), 4, 5, 2, backend="triton", generator=torch.Generator().manual_seed(0))
    x = torch.randn(4, 3, 4, generator=torch.Generator().manual_seed(1))
    start = tuple(torch.full((2, 3, 5), value, requires_grad=True) for value in (0.1, 0.3))
    found = []
    for is_on in (False, True):
        with torch.autocast("cpu", torch.bfloat16, enabled=is_on):
            output, state = layer(x, start)
        slopes = torch.autograd.grad((output * output).sum() + state[1].sum(), [*start, *layer.parameters()])
        assert {value.dtype for value in (output, *state, *slopes)} == {torch.float32}
        found.append([output, *state, *slopes])
    for exact, mixed in zip(*found, strict=True):
        assert 0 < float((exact - mixed).detach().abs().max()) < 0.03 * float(exact.detach().abs().max())
    assert not torch.equal(state[1], state[1].bfloat16().float())


def the_text_of_the_kernels_is_kept() -> None:
    """A kernel's source can be read back, for tracebacks and for Triton."""
    import inspect

    from gatebench.backends.triton.kernels import load_kernels

    kernels = load_kernels(load_cell("lstm").definitions)
    assert load_kernels(load_cell("lstm").definitions) is kernels
    assert not load_kernels(load_cell("lstm").definitions, on_chip=False).on_chip
    assert inspect.getsource(kernels.forward.fn) in kernels.text


def own_cell(activation: str = "tanh") -> Cell:
    """A cell with six gates, of which one reads another: more products than any shipped cell of one state."""
    gates = {f"g{i}": Gate(activation, recurrent=f"g{i - 1} * h" if i == 3 else "h") for i in range(6)}
    return Cell(
        name="many",
        source="test",
        states=("h",),
        gates=gates,
        update=lambda h, g0, g1, g2, g3, g4, g5: (0.5 * g0 * g1 + g2 * h / 4 + g3 / 8 - g4 / (2 + g5 * g5),),
    )


def formulas_agree() -> None:
    """Operations that no shipped cell has: log and maximum in a formula, exp as an activation."""
    cell_agrees(load_cell("gru").tie("z", "maximum(r, 0.4) / (1 + log(1 + r * r))"))
    cell_agrees(own_cell())
    for activation in ("identity", "relu", "hard_sigmoid", "exp"):
        cell_agrees(load_cell("lstm").activate("i", activation))


def elementwise_functions_agree_with_torch() -> None:
    """Also for NaN, infinities, both zeros, and values where the exponential overflows."""
    import triton as compiler
    import triton.language as tl

    from gatebench.backends.triton import functions

    @compiler.jit  # type: ignore[untyped-decorator,unused-ignore]
    def apply(a, b, out, F: tl.constexpr):  # type: ignore[no-untyped-def]
        at = tl.arange(0, 64)
        tl.store(out + at, F(tl.load(a + at)))

    special = [0.0, -0.0, 1e-30, -1e-7, 0.2499, -0.2501, 3.0, -3.0, 89.0, -89.0, 1e30, -1e30, torch.inf, -torch.inf]
    a = torch.cat([torch.tensor([*special, torch.nan]), torch.linspace(-12, 12, 49)])
    for name in ("sigmoid", "tanh", "log_sigmoid", "relu", "hard_sigmoid"):
        out = torch.empty_like(a)
        apply[(1,)](a, a, out, getattr(functions, name))
        wanted = reference.OPERATIONS[name](a.double())
        torch.testing.assert_close(out.double(), wanted, rtol=4e-7, atol=1e-37, equal_nan=True)


def the_self_check_accepts_the_kernels() -> None:
    """The check that runs on a GPU before the first use of a cell."""
    assert self_check.disagreement(load_cell("gru_before"), torch.float32, "cpu", 3, 5, "highest") is None


def _float32(drawn: Drawn) -> Drawn:
    weights, x, state = drawn
    return {n: w.float() for n, w in weights.items()}, x.float(), tuple(part.float() for part in state)


CHECKS: dict[str, Callable[[], None]] = {
    **{f"cell {name}": partial(cell_agrees, load_cell(name)) for name in cell_names()},
    **{f"sizes of {name}": partial(sizes_agree, load_cell(name)) for name in REPRESENTATIVE},
    **{f"memory of {name}": partial(weights_in_memory_agree, load_cell(name)) for name in cell_names()},
    **{f"layers of {name}": partial(layers_agree, name) for name in cell_names()},
    **{f"mask of {name}": partial(cell_agrees, masked_cell(load_cell(name))) for name in REPRESENTATIVE[:-1]},
    **{f"bfloat16 of {name}": partial(bfloat16_is_near, name) for name in REPRESENTATIVE},
    **{
        check.__name__: check
        for check in (
            nothing_is_kept_without_gradients,
            some_gradients_only,
            no_derivative_that_was_not_derived,
            one_dtype,
            a_nan_in_the_padding_reaches_nothing,
            autocast_keeps_states_in_float32,
            the_text_of_the_kernels_is_kept,
            formulas_agree,
            elementwise_functions_agree_with_torch,
            the_self_check_accepts_the_kernels,
        )
    },
}
"""The checks by name."""


def failures(names: Iterable[str]) -> dict[str, str]:
    """Run checks in an interpreter of their own; return the messages of those that fail."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.gatebench.backends.triton.interpreted", *names]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "TRITON_INTERPRET": "1"}, stdout=subprocess.PIPE, text=True, check=True
    )
    outcome: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return outcome


def main(names: list[str]) -> None:
    """Run the checks of these names, or all, and print the messages of those that fail."""
    torch.manual_seed(0)
    failed = {}
    for name in names or CHECKS:
        try:
            CHECKS[name]()
        except Exception:
            failed[name] = traceback.format_exc()[-1500:]
    print(json.dumps(failed))


if __name__ == "__main__":
    main(sys.argv[1:])
