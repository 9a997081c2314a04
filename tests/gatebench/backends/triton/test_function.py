import pytest
import torch

from gatebench import load_cell
from gatebench.backends.triton.device import is_installed
from gatebench.backends.triton.function import run_cell
from gatebench.errors import Refusal
from tests.gatebench.backends.agree import draw

pytestmark = pytest.mark.skipif(not is_installed(), reason="triton is not installed")


def test_inputs_of_two_dtypes_are_refused_before_anything_is_launched() -> None:
    cell = load_cell("gru")
    weights, x, state = draw(cell, 2, 2, 2, 3)
    with pytest.raises(Refusal, match=r"x is torch.float32, a weight or the state torch.float64 on cpu"):
        run_cell(cell.definitions, weights, x.to(torch.float32), state, None, False)
