"""Backends refuse derivatives that were not derived, with their own name in the message."""

from types import ModuleType

import pytest
import torch

from gatebench import load_cell
from gatebench.backends import fused, manual, scan
from gatebench.backends.derived_only import check_derived_only
from gatebench.errors import Refusal
from tests.gatebench.backends.agree import draw


def test_a_first_derivative_is_not_refused() -> None:
    with torch.no_grad():
        check_derived_only("mine", [None, None])


@pytest.mark.parametrize("backend", [fused, manual, scan])
def test_each_backend_refuses_other_derivatives_with_its_own_name(backend: ModuleType) -> None:
    weights, x, state = draw(load_cell("mingru"), 4, 2, 1, 3)
    run = backend.run(load_cell("mingru"), weights, x.requires_grad_(), state, None, True)
    with pytest.raises(Refusal, match=f"^{backend.NAME} has no second derivative"):
        torch.autograd.grad(run.output.sum(), x, create_graph=True)
    with pytest.raises(Refusal, match=f"^{backend.NAME} has no gradient through traced gates"):
        torch.autograd.grad(run.gates["z"].sum(), x)


@pytest.mark.parametrize("backend", [fused, scan])
def test_mixed_dtypes_are_refused_with_the_name_of_the_backend(backend: ModuleType) -> None:
    weights, x, state = draw(load_cell("mingru"), 4, 2, 1, 3)
    with pytest.raises(Refusal, match=f"^{backend.NAME} needs one dtype"):
        backend.run(load_cell("mingru"), weights, x.float(), state, None, False)
