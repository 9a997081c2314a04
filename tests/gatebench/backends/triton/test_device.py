import pytest
import torch

from gatebench import load_cell
from gatebench.backends import triton
from gatebench.backends.contract import Workload
from gatebench.backends.triton import device

LSTM = load_cell("lstm")


@pytest.fixture
def a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that there is an A100; nothing is launched on it."""
    monkeypatch.setattr(device, "is_installed", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (8, 0))
    monkeypatch.setattr(triton, "disagreement", lambda *given: None)  # test_self_check.py


def test_without_a_gpu_every_workload_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert triton.refuses(LSTM, Workload(3, 2, 4, 4, device="cuda")) == "triton finds no CUDA device here."
    assert triton.refuses(LSTM, Workload(3, 2, 4, 4)) == "triton runs on a CUDA device, not on cpu."


@pytest.mark.usefixtures("a_gpu")
def test_what_is_refused_on_a_gpu() -> None:
    assert triton.refuses(LSTM, Workload(3, 2, 4, 64, device="cuda", trace=True, shortest=0)) is None
    assert triton.refuses(LSTM, Workload(3, 2, 4, 4, "float64", "cuda")) == (
        "triton runs float32 and bfloat16, not float64."
    )
    assert (
        triton.refuses(LSTM, Workload(3, 0, 4, 4, device="cuda")) == "triton needs at least one step and one sequence."
    )
    assert triton.refuses(LSTM, Workload(3, 2, 9999, 512, device="cuda")) is None
    assert triton.refuses(LSTM, Workload(3, 2, 4, 513, device="cuda")) == (
        "triton runs up to 512 hidden units, not 513."
    )
    attention = load_cell("lstm_attention_input")
    assert triton.refuses(attention, Workload(3, 2, 600, 4, device="cuda")) == (
        "triton runs lstm_attention_input, whose gates read the input elementwise, up to 512 inputs, not 600."
    )


@pytest.mark.usefixtures("a_gpu")
def test_without_triton_every_workload_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "is_installed", lambda: False)
    assert triton.refuses(LSTM, Workload(3, 2, 4, 4, device="cuda")) == (
        "triton is not installed here; torch's wheels for Linux bring it."
    )


@pytest.mark.usefixtures("a_gpu")
def test_a_program_that_torch_traces_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triton, "is_traced", lambda: True)
    assert triton.refuses(LSTM, Workload(3, 2, 4, 4, device="cuda")) == (
        "triton cannot run in a program that torch traces; backend=reference can."
    )


@pytest.mark.usefixtures("a_gpu")
def test_an_old_gpu_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (7, 5))
    assert triton.refuses(LSTM, Workload(3, 2, 4, 4, device="cuda")) == (
        "triton needs a device of compute capability 8.0 or newer; this one has 7.5."
    )
