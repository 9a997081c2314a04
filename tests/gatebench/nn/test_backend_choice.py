"""The backends of a layer, and their form as constants of a compiled program."""

import pytest
import torch

from gatebench import load_cell
from gatebench.backends.contract import Workload
from gatebench.nn.backend_choice import Gates, backends_of, choose_backends, names_in_program

WORK = Workload(5, 2, 3, 4)


@pytest.mark.parametrize(
    ("backend", "wanted", "names"),
    [
        ("fused", "none", ("fused", None)),
        ("fused", "of any backend", ("fused", "fused")),
        ("native", "of any backend", ("native", "fused")),
        ("reference", "of the backend", ("reference", "reference")),
        ("auto", "none", ("fused", None)),
    ],
)
def test_a_layer_has_a_backend_and_one_for_its_gates(
    backend: str, wanted: Gates, names: tuple[str, str | None]
) -> None:
    cell = load_cell("lstm")
    pair = choose_backends(backend, cell, WORK, wanted)
    assert tuple(one and one.NAME for one in pair) == names
    again = backends_of(names_in_program(pair, cell, torch.float32, 3))
    assert tuple(one and one.NAME for one in again) == names
    assert (again[0] is again[1]) == (pair[0] is pair[1])


def test_scan_has_code_of_its_own_for_a_narrow_input() -> None:
    cell = load_cell("minlstm")
    pair = choose_backends("scan", cell, WORK, "none")
    narrow, wide = (names_in_program(pair, cell, torch.float32, width) for width in (1, 100))
    assert narrow[0][0] == wide[0][0] == "scan"
    assert narrow != wide
