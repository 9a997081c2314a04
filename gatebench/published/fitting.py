"""The results of publications that fit the tasks of a study."""

from collections.abc import Iterable, Mapping, Sequence

from gatebench.errors import UserError, unknown
from gatebench.published.publication import PERCENT, Publication, PublishedResult
from gatebench.task import Metric


def fitting(publications: Iterable[Publication], metrics: Mapping[str, Sequence[Metric]]) -> tuple[Publication, ...]:
    """Return the publications with their results on some tasks.

    Args:
        publications: the publications.
        metrics: {name of a task: its metrics}. A task of an early version has none, and is not checked.

    Raises:
        UserError: a publication has no result on these tasks, or a result has an unknown metric or another unit.
    """
    fitted = []
    for publication in publications:
        own = publication.on_tasks(metrics)
        if not own.results:
            tasks = dict.fromkeys(result.task for result in publication.results)
            raise UserError(
                f"The publication {publication.name!r} has no result on {', '.join(metrics)}, only on "
                f"{', '.join(tasks)}; leave it out of published=…."
            )
        for result in own.results:
            if metrics[result.task]:
                _check_metric(publication, result, metrics[result.task])
        fitted.append(own)
    return tuple(fitted)


def _check_metric(publication: Publication, result: PublishedResult, metrics: Sequence[Metric]) -> None:
    by_name = {metric.name: metric for metric in metrics}
    place = f"of the task {result.task}, in published/{publication.name}.yaml, results.{result.name}"
    if result.metric not in by_name:
        raise unknown("metric", result.metric, by_name, where=place)
    metric = by_name[result.metric]
    allowed = [metric.unit] if metric.unit else ["", PERCENT]
    if result.has_values and result.unit not in allowed:
        named = " or ".join(repr(unit) for unit in allowed)
        raise UserError(f"The unit {result.unit!r} {place} does not fit the metric {metric.name}; it must be {named}.")
