import os
import subprocess
import sys
import time
from pathlib import Path
from socket import socket
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from gatebench.records import mlflow_server
from gatebench.records.home import Home
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome, trial


def test_the_environment_has_the_names_that_mlflow_reads() -> None:
    code = """
from mlflow.environment_variables import MLFLOW_SERVER_ENABLE_JOB_EXECUTION, MLFLOW_DISABLE_TELEMETRY, _MLFLOW_SGI_NAME
from mlflow.server import constants
print(constants.BACKEND_STORE_URI_ENV_VAR, constants.SERVE_ARTIFACTS_ENV_VAR, constants.ARTIFACT_ROOT_ENV_VAR)
print(MLFLOW_SERVER_ENABLE_JOB_EXECUTION.name, MLFLOW_DISABLE_TELEMETRY.name, _MLFLOW_SGI_NAME.name)
"""
    names = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert set(names) == set(mlflow_server.environment("sqlite:///x.db", Path("/x")))


def _answer(request: Request | str, seconds: float) -> bytes:
    end = time.monotonic() + seconds
    while True:
        try:
            with urlopen(request, timeout=60) as page:
                return bytes(page.read())
        except HTTPError:
            raise
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def test_it_answers_on_this_machine_and_refuses_other_names_of_it(tmp_path: Path) -> None:
    home = Home(tmp_path)
    Record(home, "mine").end(trial(), outcome(trial()))
    with socket() as probe:
        probe.bind((mlflow_server.HOST, 0))
        port = probe.getsockname()[1]
    own = mlflow_server.environment(home.tracking_uri, home.artifacts)
    server = subprocess.Popen(mlflow_server.command(port), env={**os.environ, **own})
    try:
        address = f"http://{mlflow_server.HOST}:{port}"
        _answer(f"{address}/health", 60)
        experiment = f"{address}/api/2.0/mlflow/experiments/get-by-name?experiment_name=mine"
        assert b'"name": "mine"' in _answer(experiment, 60)
        rebound = Request(experiment, headers={"Host": "evil.example.org"})
        with pytest.raises(HTTPError, match="403"):
            _answer(rebound, 60)
    finally:
        server.terminate()
        assert server.wait(30) is not None
