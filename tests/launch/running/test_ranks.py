import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from gatebench.control import Control, Stopped
from gatebench.errors import Refusal, UserError
from gatebench.outcome import Epoch, Outcome
from gatebench.ranks import RankLost, Ranks
from gatebench.records.mlflow_entry import TRACEBACK
from gatebench.trial import Trial
from launch.config.retry_budgets import RetryBudgets
from launch.events import Event
from launch.running.attempt import train_trial
from launch.running.ranks import train_on_ranks
from launch.running.ray_sweep import run_trials
from launch.running.resources import Resources
from tests.launch.trials import outcome, trial

FINE, MISTAKE, BROKEN, KILLED, PREEMPTED, ALONE = range(6)
SECONDS = 60


def several(seed: int) -> Trial:
    of_one = trial(seed=seed)
    return replace(of_one, training=replace(of_one.training, devices=2))


def train(
    trial: Trial,
    *,
    emit: Callable[[Epoch], None],
    control: Control,
    ranks: Ranks,
    while_waiting: Callable[[], None],
    folder: Path,
) -> Outcome:
    """Write a file for each rank that has started. Rank 1 then does what the trial's seed says."""
    mine = folder / f"{trial.seed}.{ranks.rank}"
    mine.write_text(f"{os.getpid()} {ranks.world} {ranks.address} {ranks.port} {os.environ['OMP_NUM_THREADS']}")
    if ranks.rank == 1:
        if trial.seed == MISTAKE:
            raise UserError("There is no file.")
        if trial.seed == BROKEN:
            raise ValueError("Shapes differ.")
        if trial.seed == KILLED and not (folder / "killed").exists():
            (folder / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if trial.seed == PREEMPTED and not (folder / "stop").exists():
            os.kill(os.getpid(), signal.SIGTERM)
            assert control.should_stop()
            (folder / "stop").touch()
            raise Stopped("It stopped.")
    emit(Epoch(trial.digest, 0, 1, {"val/accuracy": ranks.rank}))
    deadline = time.monotonic() + SECONDS
    done = folder / f"{trial.seed}.done"
    if ranks.rank == 1:
        done.touch()
        return outcome(trial, score=0.0)
    while not done.exists():
        if trial.seed == PREEMPTED and (folder / "stop").exists() and not (folder / "again").exists():
            (folder / "again").touch()
            raise Stopped("It stopped.")
        while_waiting()
        if time.monotonic() > deadline:
            raise RankLost("Rank 1 did not come.")
        time.sleep(0.01)
    return outcome(trial, score=1.0)


def run(trial: Trial, *, emit: Callable[[Epoch], None], control: Control, folder: Path) -> Outcome:
    if trial.training.ranks == 1:
        return outcome(trial)
    return train_on_ranks(trial, partial(train, folder=folder), emit=emit, control=control)


def test_the_ranks_of_a_trial_are_tasks_and_rank_0_gives_the_outcome(tmp_path: Path) -> None:
    trials = [*(several(seed) for seed in (FINE, MISTAKE, BROKEN, KILLED, PREEMPTED)), trial(seed=ALONE)]
    events: list[Event] = []
    told: list[str] = []
    run_trials(
        trials,
        partial(run, folder=tmp_path),
        Resources(workers=1),
        events.append,
        budgets=RetryBudgets(crash=1),
        report=told.append,
    )
    ends = [event for event in events if isinstance(event, Outcome)]
    fine, mistake, broken, killed, preempted, alone = (
        next(e for e in ends if e.digest == one.digest) for one in trials
    )
    assert [one.status for one in (fine, killed, preempted, alone)] == ["finished"] * 4
    assert fine.metrics["test/accuracy"] == killed.metrics["test/accuracy"] == 1.0
    assert (mistake.status, mistake.sentence) == ("failed", "There is no file.")
    assert broken.status == "failed"
    assert broken.sentence == "RuntimeError: another rank failed: ValueError: Shapes differ."
    assert "Shapes differ" in broken.facts[TRACEBACK]
    lost = "The process or the machine of a rank of the trial died."
    assert sorted(told) == [
        f"lstm · digits · seed {KILLED} begins again, attempt 2: {lost}",
        f"lstm · digits · seed {PREEMPTED} begins again, attempt 2: The trial's process received SIGTERM.",
    ]
    epochs = [event.metrics["val/accuracy"] for event in events if isinstance(event, Epoch)]
    assert set(epochs) == {0}, "only rank 0 sends epochs"
    first, second = ((tmp_path / f"{FINE}.{rank}").read_text().split() for rank in (0, 1))
    assert first[0] != second[0]
    assert first[1:] == second[1:]
    assert first[1:3] == ["2", "127.0.0.1"]
    assert first[4] == "1"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_trial_on_two_nodes_trains_on_both(tmp_path: Path) -> None:
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        cluster.add_node(num_cpus=1)
        of_one = trial(epochs=2, task={"_target_": "tasks.images.digits.Digits", "pixels": 32})
        two = replace(of_one, training=replace(of_one.training, nodes=2))
        runner = partial(
            train_trial, home=tmp_path, data_root=tmp_path, keep_memory=True, save_seconds=30.0, loggers={}
        )
        events: list[Event] = []
        run_trials([two], runner, Resources(address=cluster.address), events.append)
        end = events[-1]
        assert isinstance(end, Outcome)
        assert (end.status, end.sentence) == ("finished", "")
        assert {name: end.facts[name] for name in ("devices", "nodes", "communication")} == {
            "devices": "2",
            "nodes": "2",
            "communication": "gloo",
        }
        assert len([event for event in events if isinstance(event, Epoch)]) == 2
        three = replace(two, training=replace(two.training, nodes=3))
        with pytest.raises(Refusal, match=r"training.nodes is 3, .* the cluster has 2 such machines\."):
            run_trials([three], runner, Resources(address=cluster.address), events.append)
    finally:
        cluster.shutdown()
