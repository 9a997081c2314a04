"""MLflow's system metrics of open runs: the use of processor, memory, disk, network and GPU over time.

MLflow measures the machine of the process that writes the records, as a whole. Trials that run at the same time, or on
other machines of a cluster, are not told apart.
"""

from importlib.util import find_spec
from typing import Any

from gatebench.errors import UserError

PREFIX = "system/"
"""The start of the names of system metrics."""

SECONDS = 1.0
"""The time between two measurements."""

MEASUREMENTS = 5
"""The number of measurements whose mean is one point of a curve. A shorter run has no curve."""


class SystemMetrics:
    """The measurements of the open runs, one thread for each.

    Args:
        uri: the address of the records.

    Raises:
        UserError: the package psutil, with which MLflow measures, is not installed.
    """

    def __init__(self, uri: str) -> None:
        if find_spec("psutil") is None:
            raise UserError(
                "system_metrics=true needs the package psutil, which comes with gatebench[system]; "
                "install it: pip install psutil."
            )
        self._uri = uri
        self._monitors: dict[str, Any] = {}

    def start(self, run: str) -> None:
        """Begin to measure for a run, given by MLflow's id. A second call for the same run does nothing."""
        if run in self._monitors:
            return
        from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

        monitor = SystemMetricsMonitor(
            run, sampling_interval=SECONDS, samples_before_logging=MEASUREMENTS, tracking_uri=self._uri
        )
        monitor.start()
        self._monitors[run] = monitor

    def stop(self, run: str) -> None:
        """End the measurement for a run. A run without one is left as it is."""
        if (monitor := self._monitors.pop(run, None)) is not None:
            monitor.finish()
