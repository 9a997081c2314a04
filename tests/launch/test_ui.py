import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from gatebench.errors import UserError
from gatebench.records.home import Home
from gatebench.records.mlflow_server import HOST
from gatebench.records.record import Record
from launch import ui
from tests.gatebench.records.writing_record import WritingRecord
from tests.launch.trials import outcome, trial


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        number: int = probe.getsockname()[1]
    return number


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind((HOST, 0))
        holder.listen()
        yield holder.getsockname()[1]


def test_a_port_that_is_taken_is_refused(taken: int, port: int) -> None:
    with pytest.raises(UserError, match=rf"Port {taken} cannot be used \(Address already in use\)"):
        ui._check_port(taken)
    ui._check_port(port)


def test_without_records_there_is_nothing_to_open(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There are no records"):
        ui.run([f"home={tmp_path}/home"])
    assert list(tmp_path.iterdir()) == []


def test_the_pages_of_studies_on_a_server_are_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Record, "study_pages", lambda self: {f"study {n}": f"#/experiments/{n}" for n in range(25)})
    assert ui.run(["tracking_uri='http://me:secret@127.0.0.1:9/mlflow/'"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        "The records are on a server; open in a browser:",
        "  study 0: http://127.0.0.1:9/mlflow/#/experiments/0",
    ]
    assert lines[-1] == "  and 5 older studies: http://127.0.0.1:9/mlflow/#/experiments"
    assert len(lines) == 22


def test_a_server_that_does_not_answer_is_an_error_without_credentials() -> None:
    with pytest.raises(UserError, match=r"http://127\.0\.0\.1:9 cannot be used: the server cannot be reached"):
        ui.run(["tracking_uri='http://me:secret@127.0.0.1:9'"])


def test_a_server_without_studies(capsys: pytest.CaptureFixture[str]) -> None:
    ui._print_pages("http://127.0.0.1:9", {})
    assert capsys.readouterr().out == "  http://127.0.0.1:9 has no studies of gatebench yet\n"


def test_a_home_that_cannot_be_written_to_is_refused(tmp_path: Path, port: int) -> None:
    WritingRecord(Home(tmp_path), "mine").end(trial(), outcome(trial()))
    (tmp_path / "ui.log").mkdir()
    with pytest.raises(UserError, match=r"The home .* cannot be written to \(Is a directory\)"):
        ui.run([f"home={tmp_path}", f"port={port}"])


def test_a_database_that_cannot_be_read_is_refused(tmp_path: Path, port: int) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"this is no database, so MLflow cannot read it" * 100)
    with pytest.raises(UserError, match="cannot be used: file is not a database"):
        ui.run([f"home={tmp_path}", f"port={port}"])


def test_the_pages_are_served_on_this_machine_until_it_is_stopped(tmp_path: Path, port: int) -> None:
    WritingRecord(Home(tmp_path), "mine").end(trial(), outcome(trial()))
    code = "from launch.main import main; raise SystemExit(main())"
    command = [sys.executable, "-c", code, "ui", f"home={tmp_path}", f"port={port}"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        server.stdout.readline()
        address = server.stdout.readline().strip()
        assert address.startswith(f"mine: http://127.0.0.1:{port}/#/experiments/1/runs?")
        with urlopen(f"http://127.0.0.1:{port}/", timeout=60) as page:
            assert b"mlflow.workflowType" in page.read()
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=60)
    assert server.returncode == 0
    time.sleep(0.1)
    ui._check_port(port)
