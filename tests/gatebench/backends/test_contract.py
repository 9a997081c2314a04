import torch

from gatebench.backends.contract import Workload
from gatebench.backends.registry import BACKENDS


def test_a_workload_says_what_x_is() -> None:
    x = torch.zeros(7, 3, 5, dtype=torch.float64)
    assert Workload.of(x, 4, trace=True, shortest=2) == Workload(7, 3, 5, 4, "float64", "cpu", True, 2)


def test_every_backend_goes_by_its_name() -> None:
    assert all(name == backend.NAME for name, backend in BACKENDS.items())


def test_every_backend_describes_itself_in_words_of_its_own() -> None:
    descriptions = [backend.DESCRIPTION for backend in BACKENDS.values()]
    assert all(descriptions)
    assert len(set(descriptions)) == len(BACKENDS)
