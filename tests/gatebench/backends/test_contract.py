import torch

from gatebench.backends.contract import Workload
from gatebench.backends.registry import BACKENDS


def test_a_workload_has_the_sizes_of_x() -> None:
    x = torch.zeros(7, 3, 5, dtype=torch.float64)
    assert Workload.of(x, 4, trace=True, shortest=2) == Workload(7, 3, 5, 4, "float64", "cpu", True, 2)


def test_every_backend_is_registered_under_its_name() -> None:
    assert all(name == backend.NAME for name, backend in BACKENDS.items())


def test_descriptions_of_backends_differ() -> None:
    descriptions = [backend.DESCRIPTION for backend in BACKENDS.values()]
    assert all(descriptions)
    assert len(set(descriptions)) == len(BACKENDS)
