"""MLflow's server with the pages for model training as its start page.

The web interface of MLflow 3.17 has two modes, one for language models and one for model training. It opens in the mode
that the browser used last, and in the one for language models in a browser that has not been there before. In that
mode a link to a study shows an empty page for language models instead of its runs. No tag of an experiment changes
this.

`create_app` is a plugin of the kind `mlflow.app`, which MLflow documents under "Custom apps". `gatebench ui` uses it.
A server for a group uses it with `mlflow server --app-name gatebench …`. The plugin sets the two values below in
browsers that do not have them yet; whoever chooses the other mode, keeps it. It also adds a request with which a drain
writes epochs, see `gatebench.records.epoch_endpoint`. It changes nothing else.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from gatebench.records.epoch_endpoint import add_route

if TYPE_CHECKING:
    from fastapi import FastAPI
    from flask import Response

FIRST_VALUES = {
    "mlflow.workflowType_v1": "machine_learning",  # the mode
    "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": True,  # the chat window has been opened before
}
"""Values in the browser's store that MLflow's pages read."""

START_PAGE = "serve"
"""The name of the start page in MLflow's server."""


def create_app() -> FastAPI:
    """Return MLflow's server application with the changed start page and the request for epochs."""
    # Their import makes a server application, which only a server needs.
    from mlflow.server import app as flask_app
    from mlflow.server.fastapi_app import create_fastapi_app

    add_route(flask_app)
    flask_app.after_request(_add_first_values)
    app: FastAPI = create_fastapi_app(flask_app)
    return app


def with_first_values(page: str) -> str:
    """Return an HTML page with a script at the start of its head that sets `FIRST_VALUES`."""
    statements = "".join(
        f"if(localStorage.getItem({json.dumps(key)})===null)"
        f"localStorage.setItem({json.dumps(key)},{json.dumps(json.dumps(value))});"
        for key, value in FIRST_VALUES.items()
    )
    before, head, after = page.partition("<head>")
    return f"{before}{head}<script>{statements}</script>{after}" if head else page


def _add_first_values(response: Response) -> Response:
    """Change the start page, and leave all other responses as they are."""
    from flask import request

    if request.endpoint == START_PAGE and response.status_code == 200 and response.mimetype == "text/html":
        response.direct_passthrough = False
        response.set_data(with_first_values(response.get_data(as_text=True)))
        response.headers.pop("ETag", None)  # it is the ETag of the file
    return response
