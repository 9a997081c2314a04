"""Arguments that `Recurrent` refuses, with their messages."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from gatebench import Recurrent, load_cell
from gatebench.errors import Refusal, UserError
from tests.gatebench.nn.layers import build, inputs


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda cell: Recurrent(cell, 0, 2), "input_size is 0; it must be a whole number of at least 1"),
        (lambda cell: Recurrent(cell, 3, -1), "hidden_size is -1"),
        (lambda cell: Recurrent(cell, 3, 2.5), "hidden_size is 2.5"),  # type: ignore[arg-type]
        (lambda cell: Recurrent(cell, 3, 2, 0), "num_layers is 0"),
        (lambda cell: Recurrent(cell, 3, 2, dropout=1.0), "dropout is 1.0; it must be at least 0 and less than 1"),
        (lambda cell: Recurrent(cell, 3, 2, dropout=float("nan")), "dropout is nan"),
        (
            lambda cell: Recurrent(cell, 3, 2, backend="cudnn"),
            "There is no backend 'cudnn'.* Allowed: auto, .*reference",
        ),
        (lambda cell: Recurrent(load_cell("mut2"), 3, 2), "mut2 adds its input to hidden units, so it needs I = H"),
        (lambda cell: Recurrent(load_cell("mut1"), 2, 2, 2, bidirectional=True), "here I = 4 and H = 2"),
        (lambda cell: Recurrent(load_cell("janet"), 3, 2), "A chrono bias needs the longest sequence length"),
    ],
)
def test_bad_arguments_of_a_layer_are_refused(make: Callable[[Any], Recurrent], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        make(load_cell("lstm"))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda layer, x: layer(x[..., :2]), r"x has the shape \(5, 3, 2\); it must be \(T, B, I\) with I = 3"),
        (lambda layer, x: layer(x[0]), r"x has the shape \(3, 3\)"),
        (lambda layer, x: layer(x[:0]), "x has no steps; T must be at least 1"),
        (lambda layer, x: layer(x.long()), "x holds torch.int64; it must hold floating-point numbers"),
        (lambda layer, x: layer(x, torch.zeros(1, 3, 2)), r"must be \(1, 3, 2\) for each of h, c"),
        (lambda layer, x: layer(x, (torch.zeros(3, 2), torch.zeros(3, 2))), r"has the shapes \(3, 2\), \(3, 2\)"),
        (lambda layer, x: layer(x, lengths=torch.tensor([1, 2])), "lengths must be 3 whole numbers from 0 to 5"),
        (lambda layer, x: layer(x, lengths=torch.tensor([1, 2, 6])), "lengths must be 3 whole numbers from 0 to 5"),
        (lambda layer, x: layer(x, lengths=torch.tensor([1, 2, -1])), "lengths must be 3 whole numbers"),
        (lambda layer, x: layer(x, lengths=torch.tensor([1.0, 2.0, 3.0])), "lengths must be 3 whole numbers"),
        (lambda layer, x: layer(x, lengths=torch.tensor([True, False, True])), "lengths must be 3 whole numbers"),
        (lambda layer, x: layer.trace(x, backend="native"), "native does not return gates"),
        (lambda layer, x: layer.gate_parameters(1), r"layer, reverse is \(1, False\); it must be within 1 × 1"),
        (lambda layer, x: layer.gate_parameters(0, reverse=True), r"layer, reverse is \(0, True\)"),
        (lambda layer, x: layer.gate_parameters(-1), r"layer, reverse is \(-1, False\)"),
    ],
)
def test_bad_arguments_of_a_call_are_refused(call: Callable[[Recurrent, Tensor], Any], sentence: str) -> None:
    layer = build("lstm")
    with pytest.raises(UserError, match=sentence):
        call(layer, inputs(layer))


def test_no_backend_replaces_a_named_one_that_refuses() -> None:
    layer = build("lstm_cifg", backend="native")
    with pytest.raises(Refusal, match=r"native runs exactly .*; lstm_cifg has other equations"):
        layer(inputs(layer))
