import pytest
import torch
from torch import Tensor

from gatebench.backends.native import KERNELS
from gatebench.errors import Refusal
from gatebench.nn.gates_of_outputs import gates_of_outputs
from tests.gatebench.nn.layers import B, build, inputs, start


@pytest.mark.parametrize("lengths", [None, torch.tensor([3, 5, 1])])
@pytest.mark.parametrize("cell", KERNELS)
def test_they_are_the_gates_of_a_trace(cell: str, lengths: Tensor | None) -> None:
    layer = build(cell)
    x, state = inputs(layer), start(layer)
    output, _, gates = layer.trace(x, state if len(state) > 1 else state[0], lengths, backend="reference")
    found = gates_of_outputs(layer.cell, layer.gate_parameters(0), x, tuple(part[0] for part in state), output)
    assert found.keys() == gates[0].keys()
    for gate, values in gates[0].items():
        for b in range(B):
            length = 5 if lengths is None else int(lengths[b])
            torch.testing.assert_close(found[gate][:length, b], values[:length, b], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("cell", "others"), [("lstm_peephole", "c"), ("slstm", "m")])
def test_gates_that_read_another_state_are_refused(cell: str, others: str) -> None:
    layer = build(cell)
    x, state = inputs(layer), tuple(part[0] for part in start(layer))
    with pytest.raises(Refusal, match=f"The gates of {cell} do not follow from its outputs; they also read {others}"):
        gates_of_outputs(layer.cell, layer.gate_parameters(0), x, state, layer(x)[0])
