"""A benchmark: candidates are timed only if they agree; those that cannot be timed get a row with a message."""

from collections.abc import Sequence

import pytest

from gatebench.backends import registry
from gatebench.machine.peak_memory import unavailable_reason
from gatebench.speed import benchmark_run
from gatebench.speed.agreement import AgreementChecker
from gatebench.speed.benchmark import TORCH, TORCH_PLAIN, Benchmark, candidates
from gatebench.speed.benchmark_run import Conditions, run_benchmark
from gatebench.speed.shape import Shape
from gatebench.speed.timed_row import Ratio, TimedRow
from gatebench.speed.timing import PAUSE, Timing
from gatebench.speed.worker_client import WorkerEnded
from tests.gatebench.speed.planted import broken, off

SHAPE = Shape(6, 3, 2, 4)


def run(
    cell: str,
    backends: Sequence[str],
    against: Sequence[str] = (),
    traces: Sequence[bool] = (False,),
    *,
    memory: bool = False,
) -> dict[str, TimedRow]:
    config = {"base": cell}
    benchmark = Benchmark(config, SHAPE, candidates(config, backends, against, traces), memory)
    return {row.label: row for row in run_benchmark(benchmark, Conditions(1, 0.0, 1e9), AgreementChecker())}


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a list of the medians that candidates get, in their order."""
    medians: list[float] = []
    monkeypatch.setattr(
        benchmark_run,
        "time_interleaved",
        lambda repetitions, *_: [Timing(t, t, t, 5) for t in medians[: len(repetitions)]],
    )
    return medians


@pytest.mark.parametrize("error", [1e-2, float("nan")])
def test_a_wrong_gradient_gets_a_message_and_no_time(error: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.BACKENDS, "manual", off(error))
    rows = run("janet", ["manual"], ["reference"])
    assert rows["manual"].status == "differs"
    assert rows["manual"].timing is None
    assert rows["manual"].ratios == ()
    assert "manual differs from the reference in" in rows["manual"].message
    assert rows["reference"].timing is not None


def test_an_error_of_a_candidate_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.BACKENDS, "manual", broken())
    rows = run("janet", ["manual", "reference"])
    assert rows["manual"].status == "failed"
    assert rows["manual"].message == "It failed with ArithmeticError: Nothing adds up."
    assert rows["reference"].timing is not None


def test_a_refusal_is_one_row_with_its_message() -> None:
    rows = run("lstm", ["scan", "native"], [TORCH], [False, True])
    assert list(rows) == [TORCH, "scan", "native", "native, recording"]
    assert {label: row.status for label, row in rows.items()} == {
        TORCH: "timed",
        "scan": "refused",
        "native": "timed",
        "native, recording": "refused",
    }
    assert "affine" in rows["scan"].message
    assert "no module" in run("janet", ["manual"], [TORCH])[TORCH].message


def test_ratios_are_those_of_the_medians(times: list[float]) -> None:
    times[:] = [3.0, 6.0, 2.0]
    rows = run("janet", ["manual"], ["lstm", "reference"])
    assert rows["manual"].ratios == (Ratio("lstm on manual", 1.5), Ratio("reference", 3.0))
    assert rows["reference"].ratios == ()
    assert rows["manual"].share == pytest.approx(3 * 6 * 3 * 2 * 2 * 4 * (2 + 4) / 2.0 / 1e9)


def test_a_recording_candidate_is_compared_with_the_recording_baseline(times: list[float]) -> None:
    times[:] = [1.0, 4.0, 8.0, 2.0, 2.2]  # torch, manual without and with, reference without and with
    rows = run("lstm", ["reference"], [TORCH, "manual"], [False, True])
    recording = rows["reference, recording"]
    assert recording.ratios == (Ratio(TORCH, 1 / 2.2), Ratio("manual", 8 / 2.2))
    assert recording.recording == pytest.approx(1.1)
    assert rows["reference"].recording is None


def test_the_eager_loop_never_records(times: list[float]) -> None:
    times[:] = [4.0, 2.0]
    rows = run("lstm", ["manual"], ["reference"], [True])
    assert set(rows) == {"reference", "manual, recording"}
    assert rows["manual, recording"].ratios == (Ratio("reference", 2.0),)


def test_there_is_a_pause_with_several_threads_only(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    def watched(repetitions: object, seconds: float, pause: float) -> list[Timing]:
        pauses.append(pause)
        return []

    monkeypatch.setattr(benchmark_run, "time_interleaved", watched)
    benchmark = Benchmark({"base": "gru"}, SHAPE, ())
    for threads in (2, 1):  # torch keeps the last number
        run_benchmark(benchmark, Conditions(threads, 0.0, 1e9), AgreementChecker())
    assert pauses == [PAUSE, 0.0]


def test_torch_plain_is_timed_in_another_process() -> None:
    rows = run("gru", ["manual"], [TORCH, TORCH_PLAIN])
    plain = rows[TORCH_PLAIN]
    assert plain.timing is not None
    assert [ratio.against for ratio in plain.ratios] == [TORCH]
    assert [ratio.against for ratio in rows["manual"].ratios] == [TORCH, TORCH_PLAIN]
    assert plain.kept == rows[TORCH].kept


@pytest.mark.skipif(unavailable_reason() is not None, reason=str(unavailable_reason()))
def test_memory_is_measured_in_fresh_processes() -> None:
    rows = run("gru", ["manual"], [TORCH], memory=True)
    own, torchs = rows["manual"].peak, rows[TORCH].peak
    assert own is not None
    assert torchs is not None
    (ratio,) = rows["manual"].ratios
    assert ratio.memory == (own / torchs if torchs else None)


def test_a_failed_measurement_of_memory_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(*given: object, **options: object) -> None:
        raise WorkerEnded("The process of manual ended with code -9.")

    monkeypatch.setattr(benchmark_run, "WorkerClient", ended)
    row = run("gru", ["manual"], memory=True)["manual"]
    assert row.timing is not None
    assert row.peak is None
    assert row.wrong
    assert "code -9" in row.message
