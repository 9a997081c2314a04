import subprocess
import sys

import pytest

from gatebench.backends.native import KERNELS
from gatebench.backends.registry import BACKENDS
from gatebench.backends.selective import SELECTIVE, TORCH_CELLS, torch_cell
from gatebench.cells import cell_names, load_cell


def test_torch_has_a_kernel_for_each_named_cell() -> None:
    assert tuple(KERNELS) == TORCH_CELLS
    assert [torch_cell(load_cell(name).definitions) for name in TORCH_CELLS] == list(TORCH_CELLS)
    assert torch_cell(load_cell("lstm_np").definitions) == "lstm"
    assert torch_cell(load_cell("mgu").definitions) is None


@pytest.mark.parametrize("name", cell_names())
def test_all_other_backends_run_every_cell(name: str) -> None:
    cell = load_cell(name)
    for backend, module in BACKENDS.items():
        refusal = SELECTIVE.get(backend)
        assert module.refuses_cell(cell) == (None if refusal is None else refusal(cell))


def test_a_refusal_names_the_reason() -> None:
    assert SELECTIVE["native"](load_cell("mgu")) == (
        "native runs exactly lstm, gru, rnn_tanh, rnn_relu; mgu has other equations."
    )
    assert "scan runs cells that are affine in their state; in gru " in str(SELECTIVE["scan"](load_cell("gru")))


def test_torch_is_not_imported() -> None:
    code = "import sys, gatebench.backends.selective; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
