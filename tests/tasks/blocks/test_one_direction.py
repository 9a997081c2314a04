import pytest
import torch

from gatebench.cells import build_cell
from gatebench.errors import UserError
from gatebench.nn.recurrent import Recurrent
from gatebench.nn.recurrent_parts import RecurrentParts
from tasks.blocks.one_direction import check_one_direction


def parts(directions: int) -> RecurrentParts:
    cell, draws = build_cell({"base": "gru"}), torch.Generator()
    return RecurrentParts(lambda size, both: Recurrent(cell, size, 2, generator=draws), 2, 0.0, directions)


def test_two_directions_are_refused() -> None:
    check_one_direction(parts(1), "time has one direction")
    with pytest.raises(UserError, match=r"is true, but time has one direction; set model\.bidirectional=false\."):
        check_one_direction(parts(2), "time has one direction")
