import subprocess
import sys
from pathlib import Path

from launch.config.settings import Settings
from launch.running.known_outcomes import known_outcomes


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
