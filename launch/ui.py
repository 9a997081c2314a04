"""Open the records in MLflow, on this machine only; Ctrl-C ends it.

gatebench ui
gatebench ui port=5001
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from gatebench.errors import UserError
from gatebench.records.address import is_server, sqlite_file, without_credentials
from gatebench.records.record import Record
from launch.config.arguments import ask
from launch.config.settings import Settings

HOST = "127.0.0.1"
PATIENCE_SECONDS = 60


def run(argv: Sequence[str]) -> int:
    """Serve MLflow's pages until Ctrl-C; return 0.

    Raises:
        UserError: there are no records, the port is taken, or MLflow does not start.
    """
    plan = ask("ui", __doc__, argv)
    if plan is None:
        return 0
    settings = plan.settings
    if is_server(settings.records):
        print(f"The records are on a server already; open {without_credentials(settings.records)} in a browser.")
        return 0
    file = sqlite_file(settings.records)
    if file is not None and not file.exists():
        raise UserError(f"There are no records at {settings.records} yet; run gatebench sweep experiment=quickstart.")
    _check_port(settings.port)
    studies = Record(settings.folder, settings.study, settings.records).pages()
    log = settings.folder.root / "ui.log"
    with _server(settings, log) as server:
        _wait(server, settings.port, log)
        print(f"MLflow shows the records of {settings.folder.root}; Ctrl-C ends it.")
        for study, page in studies.items():
            print(f"  {study}: http://{HOST}:{settings.port}/{page}", flush=True)
        try:
            server.wait()
        except KeyboardInterrupt:
            return 0
    raise UserError(f"MLflow has ended by itself; what it said is in {log}.")


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise UserError(f"Port {port} cannot be used ({error.strerror}); choose another with port=….") from None


@contextmanager
def _server(settings: Settings, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    # With the jobs and the four workers of its defaults, it takes three times as long to start.
    quick = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    # The address goes by environment: on the command line everyone could read the credentials in it.
    address = {"MLFLOW_BACKEND_STORE_URI": settings.records}
    options = ["--host", HOST, "--port", str(settings.port), "--workers", "1"]
    place = ["--default-artifact-root", settings.folder.artifacts.as_uri()]
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", *options, *place],
            env={**os.environ, **quick, **address},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us alone, and its workers can be ended as one group
        )
    try:
        yield server
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
        server.wait()


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            with urlopen(f"http://{HOST}:{port}/health", timeout=1):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise UserError(f"MLflow does not start; what it said is in {log}.")
