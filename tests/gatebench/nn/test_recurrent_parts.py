import pytest
import torch
from torch import Generator

from gatebench.cells import build_cell
from gatebench.errors import UserError
from gatebench.nn.recurrent import Recurrent
from gatebench.nn.recurrent_parts import RecurrentParts, joined_trace, recording


def new_parts(layers: int = 2) -> RecurrentParts:
    generator = Generator().manual_seed(0)

    def make(input_size: int, bidirectional: bool) -> Recurrent:
        cell = build_cell({"base": "lstm"})
        return Recurrent(cell, input_size, 4, layers, bidirectional=bidirectional, generator=generator)

    return RecurrentParts(make, 4, 0.0, 2)


def test_a_decoder_runs_forward_and_other_parts_have_the_directions_of_the_trial() -> None:
    parts = new_parts()
    encoder, decoder = parts.add("encoder", 3), parts.add("decoder", 5, causal=True)
    assert encoder.recurrent.directions == 2
    assert decoder.recurrent.directions == 1
    assert (encoder.first_layer, decoder.first_layer) == (0, 2)
    with pytest.raises(UserError, match="two parts with the name 'encoder'"):
        parts.add("encoder", 3)


def test_the_gates_of_all_parts_are_recorded_and_change_nothing() -> None:
    parts = new_parts(layers=1)
    encoder, decoder = parts.add("encoder", 3), parts.add("decoder", 3, causal=True)
    x, lengths = torch.randn(6, 2, 3, generator=Generator().manual_seed(1)), torch.tensor([6, 3])
    plain = [encoder(x, None, lengths)[0], decoder(x[:4])[0], decoder(x[4:])[0]]
    with recording(list(parts.parts.values())) as recorded:
        traced = [encoder(x, None, lengths)[0], decoder(x[:4])[0], decoder(x[4:])[0]]
        assert recorded == []
    assert all(torch.equal(one, other) for one, other in zip(plain, traced, strict=True))
    assert [list(one.trace) for one in recorded] == [[0], [1], [1]]
    assert recorded[0].lengths is lengths
    assert recorded[1].lengths is None
    assert recorded[0].trace[0]["f"].shape == (6, 2, 8)
    joined = joined_trace(recorded)
    assert {layer: len(gates["f"]) for layer, gates in joined.items()} == {0: 6, 1: 2}
    decoder(x)
    assert decoder.recorded is None
