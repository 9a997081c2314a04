"""Every cell in ONNX computes what the reference implementation computes."""

import numpy as np
import pytest
import torch

from gatebench.backends.reference import OPERATIONS as IN_TORCH
from gatebench.cells import cell_names, load_cell
from gatebench.export.layer_nodes import OPERATIONS
from gatebench.export.onnx_check import run_model
from gatebench.export.onnx_model import recurrent_model
from gatebench.nn.recurrent import Recurrent
from gatebench.spec.cell import Cell

T, B, H = 5, 3, 4
TOLERANCE = 1e-5


def layers(cell: Cell, number: int = 1, *, bidirectional: bool = False) -> Recurrent:
    """Return layers with I = H and weights that differ from the initial ones."""
    made = Recurrent(
        cell, H, H, number, bidirectional=bidirectional, backend="reference", steps=9,
        generator=torch.Generator().manual_seed(0),
    )  # fmt: skip
    with torch.no_grad():
        for weight in made.parameters():
            weight.add_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(1)), alpha=0.3)
    return made.eval()


def compare(made: Recurrent, lengths: torch.Tensor | None) -> None:
    x = torch.randn(T, B, H, generator=torch.Generator().manual_seed(2))
    given = {"x": x.numpy()} if lengths is None else {"x": x.numpy(), "lengths": lengths.numpy()}
    found = run_model(recurrent_model(made, lengths=lengths is not None).SerializeToString(), given)
    with torch.no_grad():
        output, state = made(x, lengths=lengths)
    parts = (state,) if isinstance(state, torch.Tensor) else state
    np.testing.assert_allclose(found["output"], output.numpy(), rtol=TOLERANCE, atol=TOLERANCE)
    for name, part in zip(made.cell.memory, parts, strict=True):
        np.testing.assert_allclose(found[name], part.numpy(), rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("name", cell_names())
def test_a_cell_has_the_outputs_and_states_of_the_reference(name: str) -> None:
    compare(layers(load_cell(name)), torch.tensor([T, 0, 2]))


@pytest.mark.parametrize("lengths", [None, torch.tensor([2, T, 0])])
def test_layers_in_both_directions_have_those_of_the_reference(lengths: torch.Tensor | None) -> None:
    compare(layers(load_cell("lstm"), 2, bidirectional=True), lengths)
    compare(layers(load_cell("gru")), lengths)


def test_a_constant_state_and_a_gate_that_reads_nothing_are_written_too() -> None:
    compare(layers(load_cell("lstm").fix("o", 0)), None)
    compare(layers(load_cell("rnn_tanh").fix("n", 0.5)), torch.tensor([T, 1, 0]))


def test_every_operation_of_the_reference_can_be_written() -> None:
    assert set(OPERATIONS) == set(IN_TORCH)
