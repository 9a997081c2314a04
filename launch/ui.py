"""Open the records in MLflow's web pages, on this machine only. Ctrl-C stops the server.

  gatebench ui
  gatebench ui port=5001

If the records are on a server, the addresses of the studies there are printed, and nothing is started.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.error import URLError
from urllib.request import urlopen

from gatebench.errors import UserError
from gatebench.records import mlflow_server
from gatebench.records.address import check_address, is_server, without_credentials
from gatebench.records.mlflow_server import HOST
from launch.config.arguments import parse_plan
from launch.config.settings import Settings
from launch.running.missing_records import has_records, missing_records

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
    if is_server(settings.records_uri):
        print("The records are on a server; open in a browser:")
        server_address = without_credentials(settings.records_uri).rstrip("/")
        _print_pages(server_address, _study_pages(settings))
        return 0
    if not has_records(settings):
        raise missing_records(settings)
    check_address(settings.records_uri)
    _check_port(settings.port)
    log = settings.home_folder.root / "ui.log"
    with _server(settings, log) as server:
        pages = _study_pages(settings)  # while the server starts
        _wait_until_ready(server, settings.port, log)
        try:
            print(f"MLflow shows the records of {settings.home_folder.root}; Ctrl-C stops it.")
            _print_pages(f"http://{HOST}:{settings.port}", pages)
            server.wait()
        except KeyboardInterrupt:
            return 0
    raise UserError(f"MLflow's server has stopped by itself; its output is in {log}.")


def _study_pages(settings: Settings) -> Mapping[str, str]:
    from gatebench.records.record import Record  # imports MLflow, which takes a second

    return Record(settings.home_folder, settings.one_study, settings.records_uri).study_pages()


def _print_pages(server: str, pages: Mapping[str, str]) -> None:
    """Print the address of each study's page, the newest study first."""
    for study, page in list(pages.items())[:MOST_STUDIES]:
        print(f"  {study}: {server}/{page}", flush=True)
    if len(pages) > MOST_STUDIES:
        print(f"  and {len(pages) - MOST_STUDIES} older studies: {server}/#/experiments", flush=True)
    if not pages:
        print(f"  {server} has no studies of gatebench yet", flush=True)


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise UserError(f"Port {port} cannot be used ({error.strerror}); choose another with port=….") from None


@contextmanager
def _server(settings: Settings, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run MLflow's server inside the block. Its output goes to the file `log`."""
    own = mlflow_server.environment(settings.records_uri, settings.home_folder.artifacts)
    with _writable(log) as output:
        server = subprocess.Popen(
            mlflow_server.command(settings.port),
            env={**os.environ, **own},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches only this process
        )
    try:
        yield server
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
        server.wait()


def _writable(log: Path) -> BinaryIO:
    """Return the opened file for the server's output."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return log.open("wb")
    except OSError as error:
        raise UserError(
            f"The home {log.parent} cannot be written to ({error.strerror or error}), and MLflow's server keeps its "
            f"output in {log.name} there; copy the home to a folder that can be written to, and set home=… to it."
        ) from None


def _wait_until_ready(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            with urlopen(f"http://{HOST}:{port}/health", timeout=1):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise UserError(f"MLflow's server does not start; its output is in {log}.")
