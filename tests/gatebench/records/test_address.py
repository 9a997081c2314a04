from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.records.address import check_address, is_server, sqlite_file, without_credentials


@pytest.mark.parametrize("uri", ["http://127.0.0.1:5000", "https://example.org/mlflow", "postgresql+psycopg2://db/x"])
def test_addresses_that_mlflow_can_use_are_accepted(uri: str) -> None:
    check_address(uri)
    assert is_server(uri) == uri.startswith("http")
    assert sqlite_file(uri) is None


def test_a_new_sqlite_file_is_accepted(tmp_path: Path) -> None:
    check_address(f"sqlite:///{tmp_path}/mlflow.db")
    assert sqlite_file(f"sqlite:///{tmp_path}/mlflow.db") == tmp_path / "mlflow.db"


@pytest.mark.parametrize("uri", ["./mlruns", "file:///tmp/mlruns"])
def test_plain_folders_are_refused(uri: str) -> None:
    with pytest.raises(UserError, match="plain folder"):
        check_address(uri)


def test_an_unknown_kind_is_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match="'sqlit' of tracking_uri; did you mean 'sqlite'"):
        check_address("sqlit:///x.db")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("not a database, but long enough to be taken for one" * 100)
    with pytest.raises(UserError, match="file is not a database"):
        check_address(f"sqlite:///{tmp_path}/mlflow.db")


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="unable to open database file"):
        check_address(f"sqlite:///{tmp_path}/nowhere/mlflow.db")


def test_credentials_are_not_shown() -> None:
    assert without_credentials("postgresql://me:se@cret@db:5432/x") == "postgresql://db:5432/x"
    assert without_credentials("sqlite:////a@b/mlflow.db") == "sqlite:////a@b/mlflow.db"
