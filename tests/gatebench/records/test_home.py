import re
from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.records.address import sqlite_file
from gatebench.records.home import Home
from gatebench.records.owner import owner_of
from gatebench.records.record import Record


def test_nothing_is_created_before_a_process_runs_trials(tmp_path: Path) -> None:
    home = Home(tmp_path / "deep" / "home")
    assert home.tracking_uri == f"sqlite:///{home.database}"
    assert {home.database.parent, home.artifacts.parent, home.spool.parent} == {home.root}
    assert not (tmp_path / "deep").exists()
    with owner_of(home):
        assert home.root.is_dir()


@pytest.mark.parametrize(("name", "special"), [("what?", "?"), ("run #2", "#"), ("a%20b", "%20")])
def test_a_path_that_an_address_cannot_have_is_refused(tmp_path: Path, name: str, special: str) -> None:
    with pytest.raises(UserError, match=rf"^The home .* cannot be used, because '{re.escape(special)}' in its path"):
        _ = Home(tmp_path / name).tracking_uri


@pytest.mark.parametrize("name", ["100%", "50% off", "a b", "ü&=+"])
def test_other_characters_are_allowed(tmp_path: Path, name: str) -> None:
    home = Home(tmp_path / name)
    assert sqlite_file(home.tracking_uri) == home.database
    with owner_of(home):
        assert Record(home, "mine").study_declaration() is None
        assert Record(home, "mine").experiment_id == "1"
        assert home.database.is_file()
