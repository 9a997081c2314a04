import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

from gatebench.control import Control
from gatebench.outcome import Epoch, Outcome
from gatebench.trial import Trial
from launch.config.retry_budgets import RetryBudgets
from launch.running.ray_sweep import run_trials
from launch.running.resources import Resources
from tests.launch.running.test_ray_sweep import DIED, KILLED, Driver
from tests.launch.trials import outcome, trial


def wait_for_the_other(trial: Trial, *, folder: Path, emit: Callable[[Epoch], None], control: Control) -> Outcome:
    """Die, or wait until the trial's neighbour runs in the same process."""
    import torch

    from gatebench.machine.turns import pass_on

    if trial.seed == KILLED:
        os.kill(os.getpid(), signal.SIGKILL)
    (folder / f"{trial.seed}.{os.getpid()}").touch()
    neighbour = trial.seed ^ 1
    while neighbour < KILLED - 1 and not (folder / f"{neighbour}.{os.getpid()}").exists():
        pass_on()
    emit(Epoch(trial.digest, 0, 1, {}))
    return outcome(trial, facts={"process": str(os.getpid()), "threads": str(torch.get_num_threads())})


def test_trials_share_a_process_and_each_has_its_own_end(tmp_path: Path) -> None:
    driver = Driver()
    trials = [trial(seed=seed) for seed in range(5)]
    run_trials(
        trials,
        partial(wait_for_the_other, folder=tmp_path),
        Resources(workers=2, replicas=2),
        driver.handle,
        budgets=RetryBudgets(crash=1),
        report=driver.told.append,
    )
    ends = [next(e for e in driver.of(one) if isinstance(e, Outcome)) for one in trials]
    assert [end.status for end in ends] == ["finished"] * 3 + ["failed", "finished"]
    assert ends[0].facts["process"] == ends[1].facts["process"]
    assert {end.facts["replicas"] for end in ends[:2]} == {"2"}
    assert {end.facts["threads"] for end in (*ends[:3], ends[4])} == {"1"}
    assert ends[KILLED].sentence == f"{DIED} (attempt 2; attempt 1: {DIED})."
    lost = "begins again, attempt 2"
    assert sorted(line.partition(":")[0] for line in driver.told) == [
        f"lstm · digits · seed 2 {lost}",
        f"lstm · digits · seed 3 {lost}",
    ], "those that shared the process begin again, each alone"
    assert "replicas" not in ends[2].facts
