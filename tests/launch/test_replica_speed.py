from collections.abc import Callable
from multiprocessing import Pipe
from pathlib import Path
from threading import Thread

import pytest
import torch

from gatebench.control import Control
from gatebench.errors import Refusal
from gatebench.outcome import Epoch, Outcome
from gatebench.trial import Trial
from launch import replica_speed
from launch.main import main
from launch.replica_speed import WayTimes, _end_of_round, _Round, _round, _serve, _Work, are_equal, ways_text
from tests.gatebench.training.sign import TRIAL
from tests.launch.trials import trial
from tests.side_by_side import runner


def fails(trial: Trial, *, emit: Callable[[Epoch], None], control: Control) -> Outcome:
    raise ValueError("Shapes differ.")


def test_both_forms_of_a_round_give_the_same_checksums(tmp_path: Path) -> None:
    trials = [TRIAL, trial(seed=1, task=TRIAL.task)]
    run = runner(tmp_path)
    shared, sequence = (_end_of_round(_Work(trials, run, 1, is_shared)) for is_shared in (True, False))
    assert shared.results == sequence.results
    assert len(set(shared.results)) == 2
    assert shared.memory > 10**8
    assert not shared.error


def test_a_process_serves_rounds_until_the_connection_ends(tmp_path: Path) -> None:
    threads = torch.get_num_threads()
    own, others = Pipe()
    thread = Thread(target=_serve, args=(_Work([TRIAL], fails, threads, False), others))
    thread.start()
    with pytest.raises(Refusal, match=r"^ValueError: Shapes differ\.$"):
        _round([own])
    own.close()
    thread.join(30)
    assert not thread.is_alive()


def test_a_process_that_dies_is_reported() -> None:
    own, others = Pipe()
    others.send(_Round(("a",), 1))
    assert _round([own])[0].results == ("a",)
    others.close()
    with pytest.raises((Refusal, OSError)):
        _round([own])


def test_the_table_has_the_medians_and_the_comparison_the_results() -> None:
    ways = [
        WayTimes("2 processes", (3.0, 2.0, 9.0), 2 * 10**9, ("a", "b")),
        WayTimes("1 process, at the same time", (4.0, 4.0, 4.0), 10**9, ("a", "b")),
    ]
    text = ways_text(ways)
    assert "2 processes                  3.00             40.0    2,000" in text
    assert "1 process, at the same time  4.00             30.0    1,000" in text
    assert are_equal(ways)
    assert not are_equal([*ways, WayTimes("other", (1.0,), 1, ("a", "c"))])


def test_the_verb_prints_the_ways_and_tells_if_they_differ(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ways = [WayTimes(name, (1.0,), 10**6, (result, "b")) for name, result in (("one", "a"), ("other", "a"))]
    monkeypatch.setattr(replica_speed, "way_times", lambda *_: ways)
    assert main(["speed", "trial=quickstart", "replicas=2", "cell=gru", "seed=3"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("gru · digits[pixels=4, images=4] · seeds 3 to 4 · threads of a trial 1\n")
    assert out.endswith("The results of all ways are the same to the last bit.\n")
    ways.append(WayTimes("wrong", (1.0,), 10**6, ("x", "b")))
    assert main(["speed", "trial=quickstart", "replicas=2"]) == 1
    assert "The results of all ways are NOT the same." in capsys.readouterr().out


@pytest.mark.slow
def test_three_ways_are_timed_in_processes_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    overrides = ["training.max_epochs=2", "replicas=2", "cell=gru", "model.hidden_size=4", f"home={tmp_path}"]
    assert main(["speed", "trial=quickstart", *overrides]) == 0
    out = capsys.readouterr().out
    for way in ("2 processes", "1 process, at the same time", "1 process, in sequence"):
        assert f"\n{way} " in out
    assert out.endswith("The results of all ways are the same to the last bit.\n")
