"""Time a sweep of many tiny trials beside joblib and Ray Tune: `python -m tests.bench_sweep [TRIALS]`.

All train the same trials, two at a time with one thread each. Only gatebench records them. A time is the wall time of a
new process from its start, with all imports. The first line of each output that starts with the mark is the first
result. Ray Tune and the Hydra launcher are left out, with a reason, where they are not installed.
"""

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.paths import ROOT

TRIALS = 200
WORKERS = 2
TASK = {
    "_target_": "tasks.synthetic.parity.Parity",
    "training": 64,
    "validation": 64,
    "test": 64,
    "length": 8,
    "shortest_test": 9,
    "length_test": 16,
}
MARK = "✓"
"""The start of a line that tells the end of a trial, here and in the output of `gatebench sweep`."""


@dataclass(frozen=True)
class Times:
    """The times of one program.

    Attributes:
        first: the seconds until the first result.
        last: the seconds until the last result.
        total: the seconds until the end of the process.
        count: the number of results.
    """

    first: float
    last: float
    total: float
    count: int

    @property
    def each(self) -> float:
        """The seconds for each trial after the first one."""
        return (self.last - self.first) / max(self.count - 1, 1)


def main(trials: int) -> None:
    """Run all programs on the same trials, and print their times and the ratios to gatebench."""
    with tempfile.TemporaryDirectory(dir="/tmp", ignore_cleanup_errors=True) as folder:
        programs: dict[str, tuple[Sequence[str], Callable[[], str | None]]] = {
            "gatebench sweep": (_gatebench(trials), lambda: None),
            "joblib": (_this("joblib", trials), lambda: _missing("joblib")),
            "Ray Tune, reuse_actors": (_this("tune", trials), lambda: _missing("ray.tune", "pandas", "pyarrow")),
        }
        ours: Times | None = None
        print(f"{trials} tiny trials, {WORKERS} at a time")
        print(f"{'':24}{'first':>8}{'each':>9}{'total':>9}{'ratio':>8}")
        for name, (command, missing) in programs.items():
            if (reason := missing()) is not None:
                print(f"{name:24}left out: {reason}")
                continue
            times = _timed(command, Path(folder))
            ours = ours or times
            if times.count != trials:
                print(f"{name:24}ended after {times.count} of {trials} trials")
                continue
            print(
                f"{name:24}{times.first:7.1f}s{times.each:8.3f}s{times.total:8.1f}s{times.total / ours.total:7.2f}×",
                flush=True,
            )


def _gatebench(trials: int) -> list[str]:
    task = [f"task.{key}={value}" for key, value in TASK.items() if key != "_target_"]
    code = "import sys; from launch.main import main; sys.exit(main())"
    grid = ["cell=gru", "task=parity", *task, "model.hidden_size=8", "training.max_epochs=1"]
    return [sys.executable, "-c", code, "sweep", *grid, f"seed=range(0,{trials})", f"workers={WORKERS}"]


def _this(program: str, trials: int) -> list[str]:
    return [sys.executable, "-m", "tests.bench_sweep", program, str(trials)]


def _missing(*modules: str) -> str | None:
    absent = [name for name in modules if importlib.util.find_spec(name) is None]
    return f"{absent[0]} is not installed" if absent else None


def _timed(command: Sequence[str], folder: Path) -> Times:
    """Run a command and return its times."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "GATEBENCH_HOME": str(folder / "home"),
        "BENCH_FOLDER": str(folder),
        "OMP_NUM_THREADS": "1",
    }
    ends = []
    began = time.monotonic()
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(MARK):
                ends.append(time.monotonic() - began)
    total = time.monotonic() - began
    return Times(ends[0] if ends else total, ends[-1] if ends else total, total, len(ends))


def train(seed: int) -> float:
    """Train one trial and return its score. Nothing is recorded."""
    from gatebench.training import run_trial
    from gatebench.trial import Model, Training, Trial

    trial = Trial({"name": "gru", "base": "gru"}, TASK, Model(hidden_size=8), Training(max_epochs=1), seed)
    home = Path(os.environ["BENCH_FOLDER"]) / "plain"
    return run_trial(trial, home=home, data_root=None, emit=lambda epoch: None).metrics["test/accuracy"]


def _run_joblib(trials: int) -> None:
    from joblib import Parallel, delayed

    pool = Parallel(n_jobs=WORKERS, return_as="generator_unordered")
    for score in pool(delayed(train)(seed) for seed in range(trials)):
        print(MARK, score, flush=True)


def _run_tune(trials: int) -> None:
    import ray
    from ray import tune

    class Training(tune.Trainable):  # type: ignore[misc]
        def setup(self, config: dict[str, Any]) -> None:
            self.seed = config["seed"]

        def reset_config(self, new_config: dict[str, Any]) -> bool:
            self.seed = new_config["seed"]
            return True

        def step(self) -> dict[str, Any]:
            return {"score": train(self.seed), "done": True}

        def save_checkpoint(self, checkpoint_dir: str) -> None:
            """Save nothing: Tune asks for a checkpoint at the end of each trial."""

    class Print(tune.Callback):  # type: ignore[misc]
        def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
            print(MARK, trial, flush=True)

    ray.init(num_cpus=WORKERS, include_dashboard=False, log_to_driver=False, _temp_dir=os.environ["BENCH_FOLDER"])
    tune.Tuner(
        Training,
        param_space={"seed": tune.grid_search(list(range(trials)))},
        tune_config=tune.TuneConfig(reuse_actors=True, max_concurrent_trials=WORKERS),
        run_config=tune.RunConfig(storage_path=os.environ["BENCH_FOLDER"] + "/tune", callbacks=[Print()], verbose=0),
    ).fit()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["joblib", count]:
            _run_joblib(int(count))
        case ["tune", count]:
            _run_tune(int(count))
        case [count]:
            main(int(count))
        case _:
            main(TRIALS)
