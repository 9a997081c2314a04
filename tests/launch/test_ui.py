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
from gatebench.records.record import Record
from launch import ui
from tests.launch.trials import outcome, trial


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind((ui.HOST, 0))
        number: int = probe.getsockname()[1]
    return number


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind((ui.HOST, 0))
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


def test_records_on_a_server_are_opened_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert ui.run(["tracking_uri='http://me:secret@127.0.0.1:9'"]) == 0
    assert capsys.readouterr().out == "The records are on a server; open http://127.0.0.1:9 in a browser.\n"


def test_the_pages_are_served_on_this_machine_until_it_is_stopped(tmp_path: Path, port: int) -> None:
    Record(Home(tmp_path), "mine").end(trial(), outcome(trial()))
    code = "from launch.main import main; raise SystemExit(main())"
    command = [sys.executable, "-c", code, "ui", f"home={tmp_path}", f"port={port}"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        server.stdout.readline()
        address = server.stdout.readline().strip()
        assert address.startswith(f"mine: http://127.0.0.1:{port}/#/experiments/1/runs?")
        with urlopen(f"http://127.0.0.1:{port}/", timeout=10) as page:
            assert page.status == 200
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=60)
    assert server.returncode == 0
    time.sleep(0.1)
    ui._check_port(port)
