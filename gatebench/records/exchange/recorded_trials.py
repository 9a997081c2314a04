"""The trials of a study in MLflow, with all that an archive keeps of them."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from gatebench.records.mlflow_client import readable_errors, search_runs  # before mlflow: it sets MLflow up

# isort: split
import yaml
from mlflow.entities import Run
from mlflow.tracking import MlflowClient

from gatebench.errors import UserError
from gatebench.outcome import RESULTS, Epoch, Outcome
from gatebench.records import mlflow_entry
from gatebench.records.address import sqlite_file
from gatebench.records.exchange.epoch_points import epoch_points
from gatebench.records.exchange.run_files import file_at, files_of_run
from gatebench.records.exchange.stored_trial import TRACEBACK_FILE, WEIGHTS, StoredTrial, is_kept, is_run_file
from gatebench.records.record import Record
from gatebench.records.run_content import RunContent
from gatebench.records.spool.header import is_attempt

TRIALS = 8
"""The number of trials that are read at a time: a server answers several requests at once."""

_EPOCH_METRICS = ("train/", "val/", "gate/")
_OWN_TAGS = ("mlflow.note.content", mlflow_entry.SOURCE)  # the other tags of MLflow name a user, a colour, a folder
_PRIVATE_TAGS = ("home", "owner", "attempt")
_LARGEST_CONFIG = 2**20


def recorded_trials(record: Record) -> Iterator[StoredTrial]:
    """Yield the trials of a study that have ended, oldest first, each once.

    Of several runs of a trial it is the oldest one with a result, else the newest one. A table uses the same.

    Args:
        record: the records of the study.

    Raises:
        UserError: the records cannot be used.
    """
    with readable_errors(record.uri):
        client = record.client
        runs = search_runs(client, [record.experiment_id], "attributes.status != 'RUNNING'")
        models = _models(client, record.experiment_id)
        chosen = _chosen(reversed(runs))
        with ThreadPoolExecutor(TRIALS) as pool:
            for start in range(0, len(chosen), TRIALS):
                group = chosen[start : start + TRIALS]
                addresses = [models.get(run.info.run_id) for run, _ in group]
                yield from pool.map(partial(_stored, client, record.uri), *zip(*group, strict=True), addresses)


def _chosen(runs: Iterable[Run]) -> list[tuple[Run, Outcome]]:
    """Return one run of each trial, with its outcome."""
    chosen: dict[str, tuple[Run, Outcome]] = {}
    for run in runs:
        if mlflow_entry.is_trial_run(run.data.tags):
            outcome = mlflow_entry.read_outcome(run.info.status, run.data.tags, run.data.metrics, run.data.params)
            earlier = chosen.get(outcome.digest)
            if earlier is None or earlier[1].status not in RESULTS:
                chosen[outcome.digest] = run, outcome
    return list(chosen.values())


def _stored(client: MlflowClient, uri: str, run: Run, outcome: Outcome, model: str | None) -> StoredTrial:
    info, tags = run.info, run.data.tags
    found = files_of_run(client, uri, info.run_id, info.artifact_uri, _is_needed)
    files = {name: content for name, content in found.items() if is_kept(name)}
    if model is not None:
        files[WEIGHTS] = file_at(uri, model, WEIGHTS)
    texts = {name: content.decode(errors="replace") for name, content in found.items() if is_run_file(name)}
    facts = dict(outcome.facts)
    if TRACEBACK_FILE in found:
        facts[mlflow_entry.TRACEBACK] = found[TRACEBACK_FILE].decode(errors="replace")
    attempt = tags.get("attempt", "")
    closing = mlflow_entry.closing_tags(outcome)
    return StoredTrial(
        digest=outcome.digest,
        attempt=attempt if is_attempt(attempt) else info.run_id,
        when=info.start_time / 1000,
        run=RunContent(
            name=info.run_name or outcome.digest,
            tags={key: value for key, value in tags.items() if key not in closing and _is_public(key)},
            params=dict(run.data.params),
            files=texts,
            dataset=_dataset(run),
            config=_config(texts.get("config.yaml", "{}")),
        ),
        epochs=tuple(_epochs(client, uri, run)),
        outcome=Outcome(**{**vars(outcome), "facts": facts, "when": (info.end_time or info.start_time) / 1000}),
        files=files,
    )


def _is_needed(name: str) -> bool:
    return is_kept(name) or is_run_file(name) or name == TRACEBACK_FILE


def _is_public(tag: str) -> bool:
    return tag in _OWN_TAGS or not (tag.startswith("mlflow.") or tag in _PRIVATE_TAGS)


def _epochs(client: MlflowClient, uri: str, run: Run) -> Iterator[Epoch]:
    """Yield the epochs of a run."""
    values: dict[int, dict[str, float]] = defaultdict(dict)
    times: dict[int, float] = defaultdict(float)
    for name, step, value, when in _points(client, uri, run):
        values[step][name] = value
        times[step] = max(times[step], when / 1000)
    total = run.data.params.get("training.max_epochs", "")
    for step in sorted(values):
        planned = int(total) if total.isdecimal() else step + 1
        yield Epoch(run.data.tags["digest"], step, planned, values[step], times[step])


def _points(client: MlflowClient, uri: str, run: Run) -> Iterator[tuple[str, int, float, int]]:
    """Yield (name, epoch, value, time in milliseconds) of the metrics of the epochs, by name and epoch.

    A server needs a request for each metric. A sqlite file is read with one request, which is many times as fast.
    """
    names = sorted(name for name in run.data.metrics if name.startswith(_EPOCH_METRICS))
    if (file := sqlite_file(uri)) is not None:
        yield from (point for point in epoch_points(file, run.info.run_id) if point[0] in names)
        return
    for name in names:
        history = client.get_metric_history(run.info.run_id, name)
        for point in sorted(history, key=lambda point: (point.step, point.timestamp)):
            yield name, point.step, point.value, point.timestamp


def _models(client: MlflowClient, experiment: str) -> dict[str, str]:
    """Return {id of a run: address of the files of its logged model}."""
    models: dict[str, str] = {}
    token: str | None = None
    while token != "":
        page = client.search_logged_models([experiment], page_token=token)
        models |= {model.source_run_id: model.artifact_location for model in page}
        token = page.token or ""
    return models


def _dataset(run: Run) -> Mapping[str, str]:
    for given in run.inputs.dataset_inputs if run.inputs else ():
        dataset = given.dataset
        parts = {key: getattr(dataset, key) for key in ("name", "digest", "source", "profile")}
        return {key: value for key, value in parts.items() if value}
    return {"name": run.data.tags["task"], "digest": "unknown", "source": "{}"}  # earlier versions recorded none


def _config(text: str) -> dict[str, Any]:
    """Return the config of a trial from its YAML. Its aliases could make it very large, so its size is limited."""
    content = yaml.safe_load(text)
    size = 0
    for part in json.JSONEncoder(default=str).iterencode(content):
        size += len(part)
        if size > _LARGEST_CONFIG:
            raise UserError(f"The config of a trial in the records has more than {_LARGEST_CONFIG:,} characters.")
    config = json.loads(json.dumps(content, default=str))
    return config if isinstance(config, dict) else {}
