"""Metrics of a run that are no scores of its task, by which a study can compare its cells too."""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

from gatebench.outcome import Outcome
from gatebench.task import Metric

RUN_METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        metric.name: metric
        for metric in (
            Metric("gradient/reach", "max", "steps", low=0),
            Metric("memory/batch", "min", "MB", low=0),
            Metric("seconds/batch", "min", "s", low=0),
            Metric("seconds", "min", "s", low=0),
            Metric("epochs", "min", low=0),
        )
    }
)
"""{name among the final metrics of a trial: metric}. Better is further back in time, or cheaper."""


def record_name(metric: Metric) -> str:
    """Return the name of a metric among the final metrics of a trial: "test/accuracy", or "seconds/batch" of a run."""
    return metric.name if metric.name in RUN_METRICS else f"test/{metric.name}"


def run_metrics_of(outcomes: Iterable[Outcome]) -> tuple[Metric, ...]:
    """Return the metrics of runs that at least one outcome has."""
    recorded: Collection[str] = {name for outcome in outcomes for name in outcome.metrics}
    return tuple(metric for name, metric in RUN_METRICS.items() if name in recorded)
