"""The update of a cell state that one of the project's source documents works out by hand.

i = 0.8, candidate [1, 2, 3], previous state [4, 5, 6], f = 0.5. The document prints [4.8, 6.6, 8.4], which is the old
state with i times the candidate added and f left out; the equation c' = f c + i g gives [2.8, 4.1, 5.4].
"""

import torch
from torch import Tensor

from gatebench import Recurrent, load_cell

CANDIDATE, PREVIOUS = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([4.0, 5.0, 6.0])


def new_state(f: float) -> Tensor:
    cell = load_cell("lstm").fix("i", 0.8).fix("f", f).activate("g", "identity").connect("g", recurrent=None)
    layer = Recurrent(cell, 3, 3, backend="reference")
    with torch.no_grad():
        layer.gate_parameters(0)["W.g"].copy_(torch.eye(3))
    x, h, c = CANDIDATE[None, None], torch.zeros(1, 1, 3), PREVIOUS[None, None]
    _, (_, new) = layer(x, (h, c))
    assert isinstance(new, Tensor)
    return new[0, 0].detach()


def test_the_equation_gives_2_8_4_1_5_4() -> None:
    torch.testing.assert_close(new_state(f=0.5), torch.tensor([2.8, 4.1, 5.4]))


def test_the_printed_numbers_are_those_of_a_forget_gate_of_1() -> None:
    torch.testing.assert_close(new_state(f=1.0), torch.tensor([4.8, 6.6, 8.4]))
