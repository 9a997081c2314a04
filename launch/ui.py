"""Open the records in MLflow's web pages, on this machine only. Ctrl-C stops the server.

gatebench ui
gatebench ui port=5001
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from gatebench.errors import UserError
from gatebench.records.address import is_server, sqlite_file, without_credentials
from gatebench.records.record import Record
from launch.config.arguments import parse_plan
from launch.config.settings import Settings

HOST = "127.0.0.1"
APP_NAME = "gatebench"
"""The name of gatebench's plugin of MLflow, see `gatebench.records.mlflow_app`."""

MOST_STUDIES = 20
"""The largest number of studies whose addresses are printed."""

START_SECONDS = 60
"""The time limit for the start of MLflow's server."""


def run(argv: Sequence[str]) -> int:
    """Serve MLflow's pages until Ctrl-C and return 0.

    Raises:
        UserError: there are no records, the port is in use, or MLflow does not start.
    """
    plan = parse_plan("ui", __doc__, argv)
    if plan is None:
        return 0
    settings = plan.settings
    record = Record(settings.home_folder, settings.one_study, settings.records_uri)
    if is_server(settings.records_uri):
        print("The records are on a server; open in a browser:")
        _print_pages(without_credentials(settings.records_uri, settings.records_uri).rstrip("/"), record.study_pages())
        return 0
    file = sqlite_file(settings.records_uri)
    if file is not None and not file.exists():
        raise UserError(
            f"There are no records at {settings.records_uri} yet; run gatebench sweep experiment=quickstart."
        )
    _check_port(settings.port)
    _check_plugin()
    pages = record.study_pages()
    log = settings.home_folder.root / "ui.log"
    with _server(settings, log) as server:
        _wait_until_ready(server, settings.port, log)
        print(f"MLflow shows the records of {settings.home_folder.root}; Ctrl-C stops it.")
        _print_pages(f"http://{HOST}:{settings.port}", pages)
        try:
            server.wait()
        except KeyboardInterrupt:
            return 0
    raise UserError(f"MLflow's server has stopped by itself; its output is in {log}.")


def _print_pages(server: str, pages: Mapping[str, str]) -> None:
    """Print the address of each study's page, the newest study first."""
    for study, page in list(pages.items())[:MOST_STUDIES]:
        print(f"  {study}: {server}/{page}", flush=True)
    if len(pages) > MOST_STUDIES:
        print(f"  and {len(pages) - MOST_STUDIES} older studies: {server}/#/experiments", flush=True)
    if not pages:
        print(f"  {server} has no studies of gatebench yet", flush=True)


def _check_plugin() -> None:
    """Check that MLflow finds the plugin with gatebench's start page; see `gatebench.records.mlflow_app`."""
    if APP_NAME not in {plugin.name for plugin in entry_points(group="mlflow.app")}:
        raise UserError(
            "MLflow does not find the plugin of gatebench, because gatebench was installed before it had one; install "
            "it again: pip install --editable . (or make setup)."
        )


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise UserError(f"Port {port} cannot be used ({error.strerror}); choose another with port=….") from None


@contextmanager
def _server(settings: Settings, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    # With its default of jobs and four workers, the server takes three times as long to start.
    fast_start = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    # The address may contain credentials. Every user of the machine can read a command line, but not the environment.
    address = {"MLFLOW_BACKEND_STORE_URI": settings.records_uri}
    options = ["--host", HOST, "--port", str(settings.port), "--workers", "1"]
    options += ["--app-name", APP_NAME]
    artifacts = ["--default-artifact-root", settings.home_folder.artifacts.as_uri()]
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", *options, *artifacts],
            env={**os.environ, **fast_start, **address},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches only this process, and the workers can be ended as one group
        )
    try:
        yield server
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
        server.wait()


def _wait_until_ready(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            with urlopen(f"http://{HOST}:{port}/health", timeout=1):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise UserError(f"MLflow's server does not start; its output is in {log}.")
