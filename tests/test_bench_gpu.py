import pytest
import torch

from gatebench import load_cell
from tests import bench_gpu
from tests.bench_gpu import COMPILED, GpuCase


def test_without_a_gpu_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert bench_gpu.main([]) == 2
    assert capsys.readouterr().err == "bench-gpu needs a CUDA device, and finds none here.\n"


def test_only_candidates_that_agree_are_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    case = GpuCase(load_cell("gru"), (3, 2, 2, 4), "float32", "cpu")
    runs = bench_gpu.runners(case)
    assert list(runs) == ["native", "manual", "reference", COMPILED], "triton refuses the CPU"
    wrong = runs["manual"]
    monkeypatch.setattr(bench_gpu, "runners", lambda case: {"triton": wrong, "manual": wrong})
    differences = iter([1e-6, 1e-2])
    monkeypatch.setattr(bench_gpu, "disagreement", lambda run, case: next(differences))
    lines = bench_gpu.rows(case, repetitions=1)
    assert [line[3:5] for line in lines] == [["triton", "1.0e-06"], ["manual", "1.0e-02"]]
    assert lines[0][5].endswith(" ms")
    assert lines[0][7] == "1.00"
    assert lines[1][5:] == ["not timed", "–", "–"]


def test_a_candidate_that_fails_does_not_end_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    case = GpuCase(load_cell("gru"), (3, 2, 2, 4), "float32", "cpu")

    def fail(*given):  # type: ignore[no-untyped-def]
        raise RuntimeError("no memory")

    monkeypatch.setattr(bench_gpu, "runners", lambda case: {"triton": fail})
    assert [line[3:] for line in bench_gpu.rows(case)] == [["triton", "RuntimeError", "not timed", "–", "–"]]


def test_the_difference_is_that_of_the_worst_tensor() -> None:
    case = GpuCase(load_cell("gru"), (3, 2, 2, 4), "float32", "cpu")
    runs = bench_gpu.runners(case)
    assert bench_gpu.disagreement(runs["manual"], case) < 1e-6

    def doubled(weights, x, state):  # type: ignore[no-untyped-def]
        return runs["manual"]({name: 2 * weight for name, weight in weights.items()}, x, state)

    assert bench_gpu.disagreement(doubled, case) > 0.1
