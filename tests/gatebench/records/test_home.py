from pathlib import Path

from gatebench.records.home import Home
from gatebench.records.owner import owner_of


def test_nothing_is_created_before_a_process_runs_trials(tmp_path: Path) -> None:
    home = Home(tmp_path / "deep" / "home")
    assert home.tracking_uri == f"sqlite:///{home.database}"
    assert {home.database.parent, home.artifacts.parent, home.spool.parent} == {home.root}
    assert not (tmp_path / "deep").exists()
    with owner_of(home):
        assert home.root.is_dir()
