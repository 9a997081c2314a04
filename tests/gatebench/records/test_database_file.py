import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.records.database_file import check_database, cut, fault, set_aside
from gatebench.records.home import Home


@pytest.fixture
def filled(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    with closing(sqlite3.connect(home.database)) as connection:
        connection.execute("CREATE TABLE runs (name TEXT)")
        connection.executemany("INSERT INTO runs VALUES (?)", [("x" * 100,)] * 500)
        connection.commit()
    return home


def test_a_whole_database_has_no_fault(filled: Home) -> None:
    assert cut(filled.database) is None
    assert fault(filled.database) is None
    check_database(filled, filled.tracking_uri)


def test_a_database_that_was_cut_at_any_page_is_damaged(filled: Home) -> None:
    content = filled.database.read_bytes()
    for length in range(1, len(content), 1000):
        filled.database.write_bytes(content[:length])
        assert cut(filled.database) is not None
        with pytest.raises(UserError, match=r"is damaged \(.+\); rebuild it with gatebench drain rebuild=true\.$"):
            check_database(filled, filled.tracking_uri)


def test_another_file_is_no_database(filled: Home) -> None:
    filled.database.write_bytes(b"nonsense" * 1000)
    with pytest.raises(UserError, match="it is not a database"):
        check_database(filled, filled.tracking_uri)


def test_damage_in_the_middle_is_found_by_reading_all(filled: Home) -> None:
    content = bytearray(filled.database.read_bytes())
    content[8192:12288] = b"\xff" * 4096
    filled.database.write_bytes(content)
    assert cut(filled.database) is None
    assert fault(filled.database) is not None


def test_a_missing_database_is_told_if_trials_were_in_it(tmp_path: Path) -> None:
    home = Home(tmp_path)
    check_database(home, home.tracking_uri)
    (home.spool / "mine-0" / "open" / "0123456789ab").mkdir(parents=True)
    check_database(home, home.tracking_uri)
    home.artifacts.mkdir()
    check_database(home, home.tracking_uri)
    (home.artifacts / "run").mkdir()
    with pytest.raises(UserError, match=r"is missing, but files of its trials are there; put it back, or rebuild it"):
        check_database(home, home.tracking_uri)
    (home.spool / "mine-0" / "done").mkdir()
    (home.spool / "mine-0" / "done" / "0123456789ab").touch()
    with pytest.raises(UserError, match="but journals and files of its trials are there"):
        check_database(home, home.tracking_uri)
    check_database(home, "http://127.0.0.1:9")


def test_a_damaged_database_is_kept_under_another_name(filled: Home) -> None:
    names = []
    for text in ("a", "b"):
        filled.database.write_text(text)
        names.append(set_aside(filled.database).name)
    assert names == ["mlflow.db.damaged", "mlflow.db.damaged2"]
    assert (filled.root / "mlflow.db.damaged2").read_text() == "b"
    assert not filled.database.exists()
