import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import pytest

from gatebench.control import Control, Stopped
from gatebench.errors import Refusal, UserError
from gatebench.outcome import Epoch, Outcome
from gatebench.records.mlflow_entry import TRACEBACK
from gatebench.trial import Trial
from launch.config.retry_budgets import RetryBudgets
from launch.events import Checkpoint, Event, Started
from launch.running.ray_sweep import run_trials
from launch.running.resources import Resources
from tests.launch.running.sockets import LOOPBACK, listening_addresses
from tests.launch.trials import outcome, trial

FINE, MISTAKE, BROKEN, KILLED, LARGE, OTHERS, RESUMED = range(7)
DIED = "The trial's process died: it was killed, or it crashed"


def run(trial: Trial, *, emit: Callable[[Epoch], None], control: Control) -> Outcome:
    """Do what the trial's seed says."""
    if trial.seed == MISTAKE:
        raise UserError("There is no file.")
    if trial.seed == BROKEN:
        raise ValueError("Shapes differ.")
    if trial.seed == LARGE:
        raise MemoryError
    for epoch in range(3):
        emit(Epoch(trial.digest, epoch, 3, {"val/accuracy": epoch / 10}))
    if trial.seed == KILLED:
        os.kill(os.getpid(), signal.SIGKILL)
    if trial.seed == RESUMED:
        assert control.resume in (None, b"state")
        control.save(b"state")
        if control.resume is None:
            raise Stopped("It was told to stop.")
    return outcome(trial, facts={"process": str(os.getpid()), "threads": os.environ["OMP_NUM_THREADS"]})


class Driver:
    """The functions that a driver gives to a sweep."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.told: list[str] = []
        self.asked: list[str] = []
        self.listening: list[str] = []

    def handle(self, event: Event) -> None:
        self.events.append(event)
        if len(self.events) == 1 and sys.platform.startswith("linux"):
            children = psutil.Process().children(recursive=True)
            self.listening = listening_addresses([os.getpid(), *(child.pid for child in children)])

    def take(self, digests: object) -> frozenset[str]:
        """Claim trials. Another driver runs one of them, and has a result before this one asks again."""
        assert isinstance(digests, list)
        self.asked += digests
        return frozenset(digests) - {trial(seed=OTHERS).digest}

    def of(self, trial: Trial) -> list[Event]:
        return [event for event in self.events if event.digest == trial.digest]


def test_trials_run_side_by_side_and_none_stops_another(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("launch.running.trial_queue.HELD_SECONDS", 0.0)
    on_term = signal.getsignal(signal.SIGTERM)
    driver = Driver()
    trials = [trial(seed=seed) for seed in range(7)] + [trial("gru"), trial("rnn_tanh")]
    run_trials(
        trials,
        run,
        Resources(workers=2),
        driver.handle,
        take=driver.take,
        done=lambda digests: frozenset(digests) & {trials[OTHERS].digest},
        budgets=RetryBudgets(crash=1, memory=1, preempted=0),
        report=driver.told.append,
    )

    ends = {event.digest: event for event in driver.events if isinstance(event, Outcome)}
    assert set(ends) == {t.digest for t in trials} - {trials[OTHERS].digest}
    fine, mistake, broken, killed, large, stopped, gru, rnn = (ends[t.digest] for t in trials if t.digest in ends)
    assert [o.status for o in (fine, gru, rnn)] == ["finished"] * 3
    assert (mistake.status, mistake.sentence) == ("failed", "There is no file.")
    assert (broken.status, broken.sentence) == ("failed", "ValueError: Shapes differ.")
    assert "in run" in broken.facts[TRACEBACK]
    assert killed.sentence == f"{DIED} (attempt 2; attempt 1: {DIED})."
    assert large.sentence == "MemoryError: no message (attempt 2; attempt 1: MemoryError: no message)."
    assert stopped.status == "interrupted"
    assert sorted(driver.told) == [
        f"lstm · digits · seed 3 begins again, attempt 2: {DIED}.",
        "lstm · digits · seed 4 begins again, attempt 2: MemoryError: no message",
    ]
    assert {o.facts["threads"] for o in (fine, gru, rnn)} == {"1"}
    for t in (trials[FINE], *trials[7:]):
        of_one = driver.of(t)
        assert isinstance(of_one[0], Started)
        assert [e.epoch for e in of_one[1:-1] if isinstance(e, Epoch)] == [0, 1, 2]
        assert of_one[-1] is ends[t.digest]
    assert Checkpoint(trials[RESUMED].digest, b"state") in driver.of(trials[RESUMED])
    assert sorted(driver.asked) == sorted(t.digest for t in trials)
    assert set(driver.listening) <= LOOPBACK
    assert driver.listening or not sys.platform.startswith("linux")
    assert signal.getsignal(signal.SIGTERM) is on_term
    assert capfd.readouterr().out == ""


@pytest.mark.slow
def test_a_trial_continues_from_its_checkpoint_and_a_request_that_nothing_meets_is_refused() -> None:
    driver, resumed = Driver(), trial(seed=RESUMED)
    with pytest.raises(Refusal, match="A trial needs 1 CPU and 1 of 'tpu' on one machine"):
        run_trials([resumed], run, Resources(workers=1, custom={"tpu": 1}), driver.handle)
    run_trials([resumed], run, Resources(workers=1), driver.handle, resume={resumed.digest: b"state"}.get)
    assert isinstance(end := driver.events[-1], Outcome)
    assert end.status == "finished"


def wait_for(trial: Trial, *, folder: Path, emit: Callable[[Epoch], None], control: Control) -> Outcome:
    """Work until there is a file, and note the process."""
    import time

    import ray

    with (folder / "started").open("a") as file:
        file.write(f"{trial.seed} {ray.get_runtime_context().get_node_id()}\n")
    while not (folder / "go").exists():
        time.sleep(0.02)
    return outcome(trial)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_trials_of_a_node_that_dies_run_again_elsewhere(tmp_path: Path) -> None:
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    try:
        nodes = [cluster.add_node(num_cpus=2) for _ in range(2)]
        trials = [trial(seed=seed) for seed in range(6)]
        driver = Driver()

        def handle(event: Event) -> None:
            driver.events.append(event)
            if sum(isinstance(e, Started) for e in driver.events) == 4 and not (tmp_path / "go").exists():
                cluster.remove_node(nodes[0], allow_graceful=False)
                (tmp_path / "go").touch()

        run_trials(
            trials,
            partial(wait_for, folder=tmp_path),
            Resources(address=cluster.address),
            handle,
            report=driver.told.append,
        )
        ends = [event for event in driver.events if isinstance(event, Outcome)]
        assert sorted(event.digest for event in ends) == sorted(t.digest for t in trials)
        assert {event.status for event in ends} == {"finished"}
        assert driver.told
        assert all("begins again, attempt 2" in line for line in driver.told)
    finally:
        cluster.shutdown()
