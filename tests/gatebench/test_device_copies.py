import torch

from gatebench.device_copies import sent
from tests.pretend_device import DEVICE, Pretended, pretended_gpu


def test_a_copy_to_a_gpu_does_not_wait() -> None:
    values = torch.arange(3)
    with pretended_gpu() as waits:
        there = sent(values, DEVICE)
        assert isinstance(there, Pretended)
        assert sent(there, DEVICE) is there
        assert waits == []
        assert there.tolist() == [0, 1, 2]


def test_values_on_the_device_are_not_copied() -> None:
    values = torch.arange(3)
    assert sent(values, torch.device("cpu")) is values
