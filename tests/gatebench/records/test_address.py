from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebench.errors import UserError
from gatebench.records.address import (
    DATABASES,
    check_address,
    hide_credentials,
    is_server,
    local_folder,
    sqlite_file,
    without_credentials,
)


@pytest.mark.parametrize("uri", ["http://127.0.0.1:5000", "https://example.org/mlflow", "postgresql+psycopg2://db/x"])
def test_addresses_that_mlflow_can_use_are_accepted(uri: str) -> None:
    check_address(uri)
    assert is_server(uri) == uri.startswith("http")
    assert sqlite_file(uri) is None


def test_a_new_sqlite_file_is_accepted(tmp_path: Path) -> None:
    check_address(f"sqlite:///{tmp_path}/mlflow.db")
    assert sqlite_file(f"sqlite:///{tmp_path}/mlflow.db") == tmp_path / "mlflow.db"


@pytest.mark.parametrize(
    ("address", "folder"),
    [
        ("file:///data/a%20b", Path("/data/a b")),
        ("file://localhost/data", Path("/data")),
        ("/data/a%20b", Path("/data/a%20b")),
        ("file://elsewhere/data", None),
        ("mlflow-artifacts:/1/a", None),
        ("s3://bucket/1", None),
        ("mlruns/1", None),
        ("", None),
    ],
)
def test_only_folders_on_this_machine_are_local(address: str, folder: Path | None) -> None:
    assert local_folder(address) == folder


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


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://me:se@cret@db:5432/x", "postgresql://db:5432/x"),
        ("sqlite:////a@b/mlflow.db", "sqlite:////a@b/mlflow.db"),
        ("http://host:5000/a@b", "http://host:5000/a@b"),
        ("HTTPS://me:pass@host", "HTTPS://host"),
        ("http://me:pass@[::1]:5000/a", "http://[::1]:5000/a"),
        ("postgresql://me@db/x", "postgresql://db/x"),
        ("postgresql://me:pw1@a:1,b:2/x", "postgresql://a:1,b:2/x"),
        (
            "postgresql://db/x?user=me&password=s/e#c;r&sslmode=require",
            "postgresql://db/x?user=me&password=***&sslmode=require",
        ),
        ("postgresql:///x?host=/tmp&sslpassword=secret", "postgresql:///x?host=/tmp&sslpassword=***"),
        ("mysql+pymysql://h/x?PASSWD=secret", "mysql+pymysql://h/x?PASSWD=***"),
        ("https://host/mlflow?token=secret", "https://host/mlflow?token=***"),
        ("https://host/mlflow#access_token=secret", "https://host/mlflow#access_token=***"),
        ("https://host/?X-Amz-Signature=secret&api_key=secret", "https://host/?X-Amz-Signature=***&api_key=***"),
        ("mssql+pyodbc:///?odbc_connect=DRIVER%3D;PWD%3Dsecret", "mssql+pyodbc:///?odbc_connect=***"),
        ("postgresql://me:se/cr@et@db/x", "postgresql://***"),
        ("postgresql://db:5432/x?password=a/b@c", "postgresql://***"),
        ("postgresql://me:se?cret@db/x", "postgresql://***"),
        ("http://me:se/cret@host", "http://***"),
        ("//me:secret@host/x", "//host/x"),
        ("postgresql://me:a b@db", "postgresql://db"),
    ],
)
def test_credentials_are_not_shown(address: str, shown: str) -> None:
    assert without_credentials(address) == shown
    assert hide_credentials(f"It is '{address}'.", address) == f"It is '{shown}'."


def test_credentials_in_a_sentence_are_not_shown() -> None:
    text = "Neither 'http://me:pw1@a/x' nor postgresql://db?password=pw2, nor (https://me:pw3@b). It ends."
    assert hide_credentials(text) == "Neither 'http://a/x' nor postgresql://db?password=***, nor (https://b). It ends."


def test_a_secret_that_a_library_quotes_alone_is_not_shown() -> None:
    address = "postgresql://me:a%20b%2Fc@db/x?sslpassword=key+one"
    text = "dsn user=me password='a b/c', a%20b%2Fc, 'key one', key+one"
    assert hide_credentials(text, address) == "dsn user=me password='***', ***, '***', ***"


SECRETS = st.text(st.characters(codec="utf-8", exclude_characters=" \n"), min_size=6, max_size=20)
NAMES = st.sampled_from(["password", "sslpassword", "token", "access_token", "passwd", "pwd", "auth", "client_secret"])


@given(
    scheme=st.sampled_from(["http", "https", *DATABASES, "postgresql+psycopg2"]), secret=SECRETS, quoted=st.booleans()
)
def test_no_password_of_a_user_is_shown(scheme: str, secret: str, quoted: bool) -> None:
    secret = f"S3cr{secret}"
    address = f"{scheme}://me:{quote(secret, safe='') if quoted else secret}@host:5000/x?user=me"
    for text in (without_credentials(address), hide_credentials(f"It is {address}, or {secret}.", address)):
        assert secret not in text
        assert "S3cr" not in text
        assert secret[-6:] not in text


@given(name=NAMES, secret=SECRETS, quoted=st.booleans())
def test_no_secret_parameter_is_shown(name: str, secret: str, quoted: bool) -> None:
    secret = f"S3cr{secret.replace('&', '')}"
    address = f"postgresql://host/x?user=me&{name}={quote(secret, safe='') if quoted else secret}"
    for text in (without_credentials(address), hide_credentials(f"It is {address}, or {secret}.", address)):
        assert secret not in text
        assert "S3cr" not in text


@given(st.text(max_size=80))
def test_any_text_is_accepted(text: str) -> None:
    assert isinstance(without_credentials(text), str)
    assert isinstance(hide_credentials(text, text), str)
    for check in (check_address, is_server, sqlite_file):
        if not text.startswith("sqlite"):
            with suppress(UserError):
                check(text)


def test_a_password_that_is_also_a_part_of_the_address_leaves_the_address_as_it_is() -> None:
    address = "http://mlflow:mlflow@mlflow:5000/mlflow"
    assert without_credentials(address) == "http://mlflow:5000/mlflow"
    assert hide_credentials(f"{address} refused mlflow", address) == "http://mlflow:5000/mlflow refused ***"


def test_a_malformed_address_is_refused_without_its_password() -> None:
    with pytest.raises(UserError, match="which is no address") as caught:
        check_address("http://me:secret@[::1/x")
    assert "secret" not in str(caught.value)
