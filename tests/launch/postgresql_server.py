"""A real PostgreSQL, and MLflow's server with it, for the tests that need them."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

START_SECONDS = 120
PASSWORD = "s3cret/with@odd:letters"


def programs() -> Path:
    """Return the folder of PostgreSQL's programs; the test is skipped if there is none."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))  # they are not in the search path there
    found = debian[-1] if debian else shutil.which("initdb")
    if found is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    if find_spec("psycopg") is None:
        pytest.skip("the driver is not installed (pip install 'gatebench[postgresql]')")
    return Path(found).resolve().parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def postgresql() -> Iterator[int]:
    """Run a PostgreSQL with the database "postgres" of the user "gatebench", and yield its port.

    PostgreSQL refuses to run as root; then it runs as "postgres", or as "nobody".
    """
    binaries, port = programs(), free_port()
    user = _other_user() if os.getuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="gatebench-pg-", dir="/tmp") as folder:
        data, password = Path(folder, "data"), Path(folder, "password")
        password.write_text(PASSWORD)
        if user is not None:
            for path in (Path(folder), password):
                shutil.chown(path, user)

        def call(program: str, *arguments: str) -> None:
            command = [str(binaries / program), *arguments]
            done = subprocess.run(command, user=user, cwd=folder, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr

        call("initdb", f"--pgdata={data}", "--username=gatebench", "--auth=scram-sha-256", f"--pwfile={password}")
        options = f"-h 127.0.0.1 -p {port} -k {folder} -F"
        call("pg_ctl", "start", f"--pgdata={data}", "--wait", f"--log={folder}/log", f"--options={options}")
        try:
            yield port
        finally:
            call("pg_ctl", "stop", f"--pgdata={data}", "--mode=fast", "--wait")


@contextmanager
def tracking_server(database_port: int, folder: Path) -> Iterator[int]:
    """Run MLflow's server with the options of compose.yaml, and yield its port. It allows only the name "localhost"."""
    port = free_port()
    options = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--app-name", "gatebench"]
    options += ["--allowed-hosts", f"localhost:{port}", "--artifacts-destination", str(folder / "artifacts")]
    environment = {
        **os.environ,
        "MLFLOW_BACKEND_STORE_URI": f"postgresql://gatebench@127.0.0.1:{database_port}/postgres",
        "PGPASSWORD": PASSWORD,
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    with (folder / "server.log").open("wb") as log:
        command = [sys.executable, "-m", "mlflow", "server", *options]
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        end = time.monotonic() + START_SECONDS
        while not answers(f"http://localhost:{port}"):
            assert server.poll() is None, (folder / "server.log").read_text()
            assert time.monotonic() < end, (folder / "server.log").read_text()
            time.sleep(0.2)
        yield port
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


def answers(address: str) -> bool:
    """Return whether the API of a server answers."""
    url, kind = f"{address}/api/2.0/mlflow/experiments/search", {"Content-Type": "application/json"}
    try:
        with urlopen(Request(url, b'{"max_results": 1}', kind), timeout=10) as response:
            return "experiments" in json.load(response)
    except OSError:
        return False


def _other_user() -> str:
    import pwd

    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
