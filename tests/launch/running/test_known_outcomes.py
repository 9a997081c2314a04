import subprocess
import sys
from pathlib import Path

from launch.config.settings import Settings
from launch.running.known_outcomes import known_outcomes, trials_to_run
from tests.launch.trials import outcome, trial


def test_where_there_are_no_records_nothing_is_known_and_nothing_made(tmp_path: Path) -> None:
    assert known_outcomes(Settings(home=str(tmp_path / "home"))) == []
    assert list(tmp_path.iterdir()) == []


def test_mlflow_is_left_alone_then(tmp_path: Path) -> None:
    code = (
        "import sys; from launch.config.settings import Settings; "
        "from launch.running.known_outcomes import known_outcomes; "
        f"known_outcomes(Settings(home={str(tmp_path)!r})); sys.exit('mlflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_trial_with_a_result_is_not_run_again_unless_forced() -> None:
    trials = [trial(cell) for cell in ("lstm", "gru", "rnn_tanh", "janet")]
    lstm, gru, rnn, janet = trials
    outcomes = [outcome(lstm), outcome(gru, "diverged"), outcome(rnn, "failed")]
    assert trials_to_run(trials, outcomes, force=False) == [rnn, janet]
    assert trials_to_run(trials, outcomes, force=True) == trials
