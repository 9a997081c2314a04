import pytest
import torch

from gatebench import load_cell
from gatebench.backends.triton.device import is_installed
from gatebench.backends.triton.emit.plan import plan
from gatebench.backends.triton.launch import Launch, arithmetic, compile_options, compiled_constants
from gatebench.backends.triton.tiles import tile

pytestmark = pytest.mark.skipif(not is_installed(), reason="triton is not installed")


def test_streams_have_the_dtype_of_x_except_states_and_their_adjoints() -> None:
    launch = Launch(load_cell("lstm").definitions, torch.zeros(3, 2, 4, dtype=torch.bfloat16), 5, None)
    assert launch.stream("saved", 3).shape == (3, 2, 20)
    assert launch.stream("saved", 3).dtype == torch.bfloat16
    assert launch.stream("memory", 4).dtype == torch.float32
    places = launch.plan.layout.places
    assert launch.plane(launch.stream("saved", 3), places["f[t]"], 2, 1).shape == (2, 2, 5)
    assert launch.first_column(places["f[t]"]) == 5


def test_the_input_size_is_a_constant_only_where_the_loop_reads_it() -> None:
    for cell, I in (("lstm", 0), ("lstm_attention_input", 7)):  # noqa: E741
        planned = plan(load_cell(cell).definitions)
        cut = tile(planned, "float32", 7, 5, 163 * 1024)
        assert compiled_constants(planned, cut, 7, 5) | {"I": I, "H": 5} == compiled_constants(planned, cut, 7, 5)
        assert compile_options(cut) == {"num_warps": 4, "num_stages": 1}


def test_tf32_is_used_only_if_torch_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert arithmetic(torch.float32) == "float32"
    monkeypatch.setattr(torch, "get_float32_matmul_precision", lambda: "high")
    assert (arithmetic(torch.float32), arithmetic(torch.bfloat16)) == ("tf32", "bfloat16")
    launch = Launch(load_cell("lstm").definitions, torch.zeros(3, 2, 4), 5, None)
    assert launch.tile.rows == 16, "a tile of a tensor core"
