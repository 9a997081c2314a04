"""No time without agreement; a refusal is a row with its sentence; ratios are those of the medians."""

from collections.abc import Sequence

import pytest

from gatebench.backends import registry
from gatebench.machine.peak_memory import trouble
from gatebench.speed import timing as races
from gatebench.speed.agreement import AgreementChecker
from gatebench.speed.benchmark import PLAIN, TORCH, Benchmark, candidates
from gatebench.speed.measure import PAUSE, Timing
from gatebench.speed.shape import Shape
from gatebench.speed.timed_row import Ratio, TimedRow
from gatebench.speed.timing import Conditions, run_benchmark
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
    contest = Benchmark(config, SHAPE, candidates(config, backends, against, traces), memory)
    return {row.label: row for row in run_benchmark(contest, Conditions(1, 0.0, 1e9), AgreementChecker())}


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a list of the medians that contestants will be said to have, in their order."""
    said: list[float] = []
    monkeypatch.setattr(races, "interleaved", lambda turns, *_: [Timing(t, t, t, 5) for t in said[: len(turns)]])
    return said


@pytest.mark.parametrize("error", [1e-2, float("nan")])
def test_a_wrong_gradient_gets_a_sentence_and_no_time(error: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.BACKENDS, "manual", off(error))
    rows = run("janet", ["manual"], ["reference"])
    assert rows["manual"].verdict == "differs"
    assert rows["manual"].timing is None
    assert rows["manual"].ratios == ()
    assert "manual differs from the reference in" in rows["manual"].sentence
    assert rows["reference"].timing is not None


def test_what_fails_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.BACKENDS, "manual", broken())
    rows = run("janet", ["manual", "reference"])
    assert rows["manual"].verdict == "failed"
    assert rows["manual"].sentence == "It failed with ArithmeticError: Nothing adds up."
    assert rows["reference"].timing is not None


def test_a_refusal_is_a_row_with_its_sentence_told_once() -> None:
    rows = run("lstm", ["scan", "native"], [TORCH], [False, True])
    assert list(rows) == [TORCH, "scan", "native", "native, recording"]
    assert {label: row.verdict for label, row in rows.items()} == {
        TORCH: "timed",
        "scan": "refused",
        "native": "timed",
        "native, recording": "refused",
    }
    assert "affine" in rows["scan"].sentence
    assert "no module" in run("janet", ["manual"], [TORCH])[TORCH].sentence


def test_ratios_are_those_of_the_medians(times: list[float]) -> None:
    times[:] = [3.0, 6.0, 2.0]
    rows = run("janet", ["manual"], ["lstm", "reference"])
    assert rows["manual"].ratios == (Ratio("lstm on manual", 1.5), Ratio("reference", 3.0))
    assert rows["reference"].ratios == ()
    assert rows["manual"].share == pytest.approx(3 * 6 * 3 * 2 * 2 * 4 * (2 + 4) / 2.0 / 1e9)


def test_who_records_is_compared_with_who_does_and_costs_a_part_of_its_time(times: list[float]) -> None:
    times[:] = [1.0, 4.0, 8.0, 2.0, 2.2]  # torch, manual without and with, reference without and with
    rows = run("lstm", ["reference"], [TORCH, "manual"], [False, True])
    recording = rows["reference, recording"]
    assert recording.ratios == (Ratio(TORCH, 1 / 2.2), Ratio("manual", 8 / 2.2))
    assert recording.recording == pytest.approx(1.1)
    assert rows["reference"].recording is None


def test_the_eager_loop_records_for_nobody(times: list[float]) -> None:
    times[:] = [4.0, 2.0]
    rows = run("lstm", ["manual"], ["reference"], [True])
    assert set(rows) == {"reference", "manual, recording"}
    assert rows["manual, recording"].ratios == (Ratio("reference", 2.0),)


def test_several_threads_wait_behind_every_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    def watched(turns: object, seconds: float, pause: float) -> list[Timing]:
        pauses.append(pause)
        return []

    monkeypatch.setattr(races, "interleaved", watched)
    contest = Benchmark({"base": "gru"}, SHAPE, ())
    for threads in (2, 1):  # the last one stays
        run_benchmark(contest, Conditions(threads, 0.0, 1e9), AgreementChecker())
    assert pauses == [PAUSE, 0.0]


def test_torch_plain_takes_its_turns_in_another_process() -> None:
    rows = run("gru", ["manual"], [TORCH, PLAIN])
    plain = rows[PLAIN]
    assert plain.timing is not None
    assert [ratio.against for ratio in plain.ratios] == [TORCH]
    assert [ratio.against for ratio in rows["manual"].ratios] == [TORCH, PLAIN]
    assert plain.kept == rows[TORCH].kept


@pytest.mark.skipif(trouble() is not None, reason=str(trouble()))
def test_memory_is_measured_in_fresh_processes() -> None:
    rows = run("gru", ["manual"], [TORCH], memory=True)
    own, torchs = rows["manual"].peak, rows[TORCH].peak
    assert own is not None
    assert torchs is not None
    (ratio,) = rows["manual"].ratios
    assert ratio.memory == (own / torchs if torchs else None)


def test_memory_that_cannot_be_measured_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(*given: object, **options: object) -> None:
        raise WorkerEnded("The process of manual ended with code -9.")

    monkeypatch.setattr(races, "WorkerClient", ended)
    row = run("gru", ["manual"], memory=True)["manual"]
    assert row.timing is not None
    assert row.peak is None
    assert row.wrong
    assert "code -9" in row.sentence
