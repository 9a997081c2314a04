import os
import signal
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from gatebench.errors import Refusal, UserError
from gatebench.outcome import Epoch, Outcome
from gatebench.records.mlflow_entry import TRACEBACK
from gatebench.trial import Training, Trial
from launch.events import Event, Started
from launch.running import ray_sweep
from launch.running.ray_sweep import Mailbox, Resources, fan_out
from tests.launch.trials import outcome, trial

FINE, MISTAKE, BROKEN, KILLED = range(4)


def run(trial: Trial, *, emit: Callable[[Epoch], None]) -> Outcome:
    """Do what the trial's seed says."""
    if trial.seed == MISTAKE:
        raise UserError("There is no file.")
    if trial.seed == BROKEN:
        raise ValueError("Shapes differ.")
    for epoch in range(3):
        emit(Epoch(trial.digest, epoch, 3, {"val/accuracy": epoch / 10}))
    if trial.seed == KILLED:
        os.kill(os.getpid(), signal.SIGKILL)
    return outcome(trial, facts={"process": str(os.getpid()), "threads": os.environ["OMP_NUM_THREADS"]})


def test_trials_run_side_by_side_and_none_stops_another(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    on_term = signal.getsignal(signal.SIGTERM)
    trials = [trial(seed=seed) for seed in (FINE, MISTAKE, BROKEN, KILLED)] + [trial("gru"), trial("rnn_tanh")]
    events: list[Event] = []
    fan_out(trials, run, Resources(workers=2), events.append)

    ends = {event.digest: event for event in events if isinstance(event, Outcome)}
    fine, mistake, broken, killed, gru, rnn = (ends[t.digest] for t in trials)
    assert [o.status for o in (fine, gru, rnn)] == ["finished"] * 3
    assert (mistake.status, mistake.sentence) == ("failed", "There is no file.")
    assert (broken.status, broken.sentence) == ("failed", "ValueError: Shapes differ.")
    assert "in run" in broken.facts[TRACEBACK]
    assert killed.sentence == "The trial's process died: it was killed, or it crashed."
    assert {o.facts["threads"] for o in (fine, gru, rnn)} == {"1"}
    for t in (trials[FINE], *trials[4:]):
        of_one = [event for event in events if event.digest == t.digest]
        assert isinstance(of_one[0], Started)
        assert [e.epoch for e in of_one[1:-1] if isinstance(e, Epoch)] == [0, 1, 2]
        assert of_one[-1] is ends[t.digest]
    assert signal.getsignal(signal.SIGTERM) is on_term
    assert capfd.readouterr().out == ""


class Grid:
    """A cluster with these machines, as far as `ray.nodes` tells."""

    def __init__(self, *machines: dict[str, float]) -> None:
        self.machines = machines

    def nodes(self) -> list[dict[str, Any]]:
        return [{"Alive": True, "Resources": machine} for machine in self.machines]


def test_a_wish_that_no_machine_can_meet_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_sweep, "ray", Grid({"CPU": 4.0}, {"CPU": 2.0, "GPU": 1.0}))
    ray_sweep._check_room([{"CPU": 4.0, "GPU": 0.0}, {"CPU": 2.0, "GPU": 1.0}])
    with pytest.raises(Refusal) as caught:
        ray_sweep._check_room([{"CPU": 4.0, "GPU": 1.0}])
    assert str(caught.value) == (
        "A trial asks for 4 CPUs and 1 GPU on one machine; the most that a machine has is 4 CPUs, 1 GPUs."
    )


def test_a_trial_on_the_gpu_asks_for_one_unless_told_otherwise() -> None:
    on_gpu = Trial(trial().cell, trial().task, training=Training(device="cuda"))
    assert Resources().of(trial()) == {"CPU": 1.0, "GPU": 0.0}
    assert Resources().of(on_gpu) == {"CPU": 1.0, "GPU": 1.0}
    assert Resources(gpus=0.25, cpus=2).of(on_gpu) == {"CPU": 2.0, "GPU": 0.25}


def test_a_cluster_that_does_not_answer_is_told_at_once() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # bound and not listening: nobody else answers there
        began = time.monotonic()
        with pytest.raises(UserError, match=r"Ray cannot be reached at 127\.0\.0\.1:\d+ .*RAY_AUTH_MODE=token"):
            fan_out([trial()], run, Resources(address=f"127.0.0.1:{silent.getsockname()[1]}"), lambda _: None)
    assert time.monotonic() - began < ray_sweep.PATIENCE_SECONDS


def test_the_mailbox_gives_everything_once_and_in_order() -> None:
    mailbox, first, then = Mailbox(), Started("a", 1.0), Started("b", 2.0)
    mailbox.put(first)
    mailbox.put(then)
    assert mailbox.take() == [first, then]
    assert mailbox.take() == []
