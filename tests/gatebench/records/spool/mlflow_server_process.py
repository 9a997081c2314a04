"""MLflow's server in a process of its own, as users start it."""

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

START_SECONDS = 180.0
"""The time that a server may take to start on a loaded machine."""


def free_port() -> int:
    """Return a port on this machine that nothing uses now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def mlflow_server(folder: Path, port: int, options: Sequence[str] = ()) -> Iterator[subprocess.Popen[bytes]]:
    """Run MLflow's server in the block; all its processes are killed at the end.

    Args:
        folder: the folder of its database, files and log.
        port: the port on 127.0.0.1.
        options: further options of the command.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fixed = {"--port": str(port), "--host": "127.0.0.1", "--backend-store-uri": f"sqlite:///{folder / 'store.db'}"}
    fixed |= {"--artifacts-destination": str(folder / "files")}
    command = [sys.executable, "-m", "mlflow", "server", *(part for item in fixed.items() for part in item), *options]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
    try:
        wait_for_server(port)
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for_server(port: int) -> None:
    """Wait until the server on a port of this machine answers.

    Raises:
        TimeoutError: it has not started after `START_SECONDS`.
    """
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            with urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise TimeoutError("MLflow's server has not started")
