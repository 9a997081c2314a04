"""MLflow's server in one process, for this machine only.

`gatebench ui` starts it as a process of its own. `mlflow server` would import MLflow in two processes, one after the
other, and so take twice as long to answer.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

HOST = "127.0.0.1"
"""The address at which the server listens. Other machines cannot reach it."""

STORE = "_MLFLOW_SERVER_FILE_STORE"
"""The environment variable with the address of the records. Every user of the machine can read a command line."""

_SETTINGS = {
    "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
    "_MLFLOW_SGI_NAME": "uvicorn",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
"""Settings that `mlflow server` makes by its options, and two that keep it from starting further processes."""


def environment(uri: str, artifacts: Path) -> Mapping[str, str]:
    """Return the environment variables for the server.

    Args:
        uri: the address of the records.
        artifacts: the folder for the files of runs whose experiment names none.
    """
    return {**_SETTINGS, STORE: uri, "_MLFLOW_SERVER_ARTIFACT_ROOT": artifacts.absolute().as_uri()}


def command(port: int) -> list[str]:
    """Return the command line that starts the server at a port. It needs the `environment`."""
    return [sys.executable, "-m", __name__, str(port)]


def main(port: int) -> None:
    """Serve MLflow's pages and its interface until SIGINT or SIGTERM. The settings are in the environment."""
    # MLflow reads the settings when it is imported.
    import uvicorn
    from mlflow.server import handlers

    from gatebench.records.mlflow_app import create_app

    uri = os.environ[STORE]
    handlers.initialize_backend_stores(uri, uri, os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"])
    uvicorn.run(create_app(), host=HOST, port=port)


if __name__ == "__main__":
    main(int(sys.argv[1]))
