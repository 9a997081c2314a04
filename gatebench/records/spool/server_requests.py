"""The requests of a drain to a tracking server. Epochs go in large requests if the server has gatebench's plugin."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from gatebench.records.spool.run_requests import METRICS_PER_REQUEST, RunRequests, milliseconds  # before mlflow

# isort: split
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import http_request, verify_rest_response

from gatebench.errors import UserError
from gatebench.outcome import Epoch
from gatebench.records import mlflow_entry
from gatebench.records.epoch_batch import PATH, Point, as_body
from gatebench.records.record import Record
from gatebench.records.spool.joint_request import JointRequests

AT_ONCE = 4
"""The number of attempts that are brought to a server at the same time, without those that wait for a joint request."""

_LOG_BATCH = "/api/2.0/mlflow/runs/log-batch"
_JOINT_METRICS = 10_000  # about half a megabyte: many proxies refuse more than one
_JOINT_AT_ONCE = 2
_NOT_OFFERED = (404, 405, 413, 501)
"""The states of HTTP with which a server without the plugin, or a proxy before it, answers."""


class ServerRequests(RunRequests):
    """The requests for the runs of one study on a tracking server.

    They have the credentials that MLflow's client reads from the environment, and use its connections again.

    Args:
        record: the records of the study.
    """

    metrics_per_request = _JOINT_METRICS

    def __init__(self, record: Record) -> None:
        super().__init__(record)
        self._has_plugin = True  # until it answers otherwise
        self._joint = JointRequests(self._send_jointly, _JOINT_METRICS, _JOINT_AT_ONCE)
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Bring an attempt in the block. Not more than `AT_ONCE` threads do this at the same time."""
        with self._turns:
            yield

    def write_epochs(self, run: str, epochs: Sequence[Epoch]) -> None:
        """Write the metrics of epochs.

        Raises:
            UserError: the server refuses them.
        """
        points = [
            (epoch.epoch, milliseconds(epoch.when), mlflow_entry.epoch_metrics(epoch.metrics)) for epoch in epochs
        ]
        if self._has_plugin:
            self._turns.release()
            try:
                reason = self._joint.write(run, points)
            finally:
                self._turns.acquire()
            if reason is not None:
                raise UserError(reason)
        if not self._has_plugin:
            self._log_batches(run, points)

    def _send_jointly(self, runs: Mapping[str, Sequence[Point]]) -> Mapping[str, str]:
        """Send the epochs of several runs to the plugin, and note if there is none."""
        if not self._has_plugin:
            return {}
        response = self._post(PATH, data=as_body(runs), extra_headers={"Content-Type": "application/json"})
        if response.status_code in _NOT_OFFERED:
            self._has_plugin = False
            return {}
        refused = verify_rest_response(response, PATH).json().get("refused", {})
        return {str(run): str(reason) for run, reason in refused.items()}

    def _log_batches(self, run: str, points: Sequence[Point]) -> None:
        """Write epochs with MLflow's own request. Its client would need ten times as long to make the JSON."""
        metrics = [
            {"key": name, "value": "NaN" if math.isnan(value) else value, "timestamp": when, "step": step}
            for step, when, values in points
            for name, value in values.items()
        ]
        for start in range(0, len(metrics), METRICS_PER_REQUEST):
            body = {"run_id": run, "metrics": metrics[start : start + METRICS_PER_REQUEST]}
            verify_rest_response(self._post(_LOG_BATCH, json=body), _LOG_BATCH)

    def _post(self, path: str, **content: Any) -> Any:
        return http_request(get_default_host_creds(self._record.uri), path, "POST", **content)
