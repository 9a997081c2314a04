"""One layer by the compiled code: at once, or as an operator if the program is traced."""

import pytest
import torch

from gatebench import load_cell
from gatebench.backends import fused
from gatebench.errors import Refusal
from tests.gatebench.backends.agree import draw


def test_another_dtype_is_refused() -> None:
    cell = load_cell("lstm")
    weights, x, state = draw(cell, 3, 2, 2, 4)
    with pytest.raises(
        Refusal, match=r"fused needs one dtype: x is torch\.float64, a weight or the state torch\.float32"
    ):
        fused.run(cell, {**weights, "W.f": weights["W.f"].float()}, x, state, None, False)


def test_a_transform_of_torch_gets_the_same_gates() -> None:
    cell = load_cell("lstm")
    weights, x, state = draw(cell, 3, 2, 2, 4)
    expected = fused.run(cell, weights, x, state, None, True).gates
    found = torch.func.vmap(lambda one: fused.run(cell, weights, one, state, None, True).gates)(x[None])
    assert list(found) == list(expected)
    assert all(torch.equal(found[name][0], values) for name, values in expected.items())
