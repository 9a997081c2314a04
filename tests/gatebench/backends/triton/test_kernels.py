"""The kernels in Triton's interpreter; the slow test runs all checks of `interpreted`."""

import pytest

from gatebench import cell_names
from gatebench.backends.triton.device import is_installed
from tests.gatebench.backends.triton.interpreted import CHECKS, failures

pytestmark = pytest.mark.skipif(not is_installed(), reason="triton is not installed")

QUICK = [
    *(f"cell {name}" for name in ("lstm_peephole", "lstm_attention_input", "minlstm")),
    "layers of gru3",
    "memory of gru_before",
    "bfloat16 of gru_before",
    *(name for name in CHECKS if " " not in name and name != "formulas_agree"),
]


def test_representative_cells_agree_with_the_reference() -> None:
    assert len(QUICK) >= 14
    assert failures(QUICK) == {}


KINDS = list(dict.fromkeys(name.split()[0] for name in CHECKS if " " in name))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", KINDS)
def test_all_cells_agree_with_the_reference(kind: str) -> None:
    of_kind = [name for name in CHECKS if name.split()[0] == kind]
    assert kind not in ("cell", "memory", "layers") or len(of_kind) == len(cell_names())
    half = len(of_kind) // 2
    assert failures(of_kind[:half]) | failures(of_kind[half:]) == {}


@pytest.mark.slow
def test_all_operations_agree_with_the_reference() -> None:
    assert failures(["formulas_agree"]) == {}
