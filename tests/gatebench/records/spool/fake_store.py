"""A store in memory with the part of MLflow's client that a drain uses. It can be killed at any of its requests."""

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from mlflow.entities import LoggedModelOutput, ViewType
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST
from mlflow.store.entities import PagedList

from gatebench.records.home import Home


class Killed(BaseException):
    """The drain was killed."""


class FakeClient:
    """Replaces MLflow's client.

    Attributes:
        runs: {id: content} of the runs.
        models: {id: content} of the logged models.
        requests: the number of requests so far.
        before, after: called with the number of a request before and after it is served.
        is_up: whether the store answers.
    """

    def __init__(self) -> None:
        self.runs: dict[str, dict[str, Any]] = {}
        self.models: dict[str, dict[str, Any]] = {}
        self.requests = 0
        self.before: Callable[[int], None] = lambda number: None
        self.after: Callable[[int], None] = lambda number: None
        self.is_up = True

    def __getattr__(self, name: str) -> Callable[..., Any]:
        serve = object.__getattribute__(self, f"serve_{name}")

        def request(*args: Any, **options: Any) -> Any:
            number = self.requests
            self.requests += 1
            if not self.is_up:
                raise MlflowException("API request failed with exception Max retries exceeded with url")
            self.before(number)
            answer = serve(*args, **options)
            self.after(number)
            return answer

        return request

    def content(self) -> list[Any]:
        """Return everything in the store that is not deleted, without the ids that it chose."""
        kept = [run for run in self.runs.values() if run["stage"] == "active"]
        shown = []
        for run in sorted(kept, key=lambda run: str(run["tags"]["attempt"])):
            models = [
                {
                    **self.models[model],
                    "run": None,
                    "files": {k: v for k, v in self.models[model]["files"].items() if k != "MLmodel"},
                }
                for model in run["models"]
            ]
            shown.append({**run, "id": None, "models": models, "metrics": sorted(run["metrics"])})
        assert sum(len(run["models"]) for run in kept) == len(self.models), "a model without its run"
        return shown

    def serve_search_experiments(self, max_results: int) -> list[Any]:
        return []

    def serve_create_run(self, experiment: str, start: int, tags: dict[str, str], name: str) -> Any:
        run = f"{len(self.runs):032x}"
        self.runs[run] = {
            "id": run,
            "start": start,
            "end": None,
            "status": "RUNNING",
            "stage": "active",
            "name": name,
            "tags": dict(tags),
            "params": {},
            "metrics": set(),
            "files": {},
            "datasets": set(),
            "models": [],
        }
        return SimpleNamespace(info=SimpleNamespace(run_id=run))

    def serve_log_batch(self, run: str, metrics: Any = (), params: Any = (), tags: Any = ()) -> None:
        assert len(metrics) + len(params) + len(tags) <= 1000
        content = self.active(run)
        content["metrics"] |= {(one.key, one.step, one.timestamp, one.value) for one in metrics}
        content["params"].update({one.key: one.value for one in params})
        content["tags"].update({one.key: one.value for one in tags})

    def serve_log_inputs(self, run: str, datasets: Any) -> None:
        self.active(run)["datasets"] |= {one.dataset.digest for one in datasets}

    def serve_log_artifact(self, run: str, path: str, folder: str | None = None) -> None:
        name = "/".join(filter(None, [folder, Path(path).name]))
        self.active(run)["files"][name] = Path(path).read_bytes()

    def serve_search_runs(
        self, experiments: Sequence[str], condition: str, view: int, most: int, page_token: Any
    ) -> Any:
        match = re.fullmatch(r"tags\.(\w+) (!?=) '(.*)'", condition)
        assert match is not None
        key, comparison, value = match.groups()
        found = [
            self.as_run(run)
            for run in reversed(self.runs.values())
            if (view == ViewType.ALL or run["stage"] == "active")
            and ((run["tags"].get(key, "") == value) == (comparison == "="))
        ]
        return PagedList(found, None)

    def serve_get_run(self, run: str) -> Any:
        if run not in self.runs:
            raise MlflowException("no such run", RESOURCE_DOES_NOT_EXIST)
        return self.as_run(self.runs[run])

    def serve_set_terminated(self, run: str, state: str, end: int) -> None:
        self.active(run).update(status=state, end=end)

    def serve_delete_run(self, run: str) -> None:
        self.runs[run]["stage"] = "deleted"

    def serve_create_logged_model(self, experiment: str, name: str, run: str, tags: Any, model_type: str) -> Any:
        model = f"m-{len(self.models):032x}"
        self.models[model] = {"name": name, "run": run, "tags": tags, "files": {}, "status": "PENDING"}
        return SimpleNamespace(model_id=model)

    def serve_search_logged_models(self, experiments: Sequence[str], condition: str) -> list[Any]:
        return [
            SimpleNamespace(model_id=model)
            for model, content in self.models.items()
            if condition == f"source_run_id = '{content['run']}'"
        ]

    def serve_log_model_artifacts(self, model: str, folder: str) -> None:
        files = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
        self.models[model]["files"] = files

    def serve_finalize_logged_model(self, model: str, status: str) -> None:
        self.models[model]["status"] = status

    def serve_log_outputs(self, run: str, outputs: Sequence[LoggedModelOutput]) -> None:
        self.active(run)["models"] += [output.model_id for output in outputs]

    def active(self, run: str) -> dict[str, Any]:
        if run not in self.runs:
            raise MlflowException("no such run", RESOURCE_DOES_NOT_EXIST)
        if self.runs[run]["stage"] != "active":
            raise MlflowException("the run must be in the 'active' state")
        return self.runs[run]

    def as_run(self, run: dict[str, Any]) -> Any:
        outputs = SimpleNamespace(model_outputs=[LoggedModelOutput(model, 0) for model in run["models"]])
        info = SimpleNamespace(run_id=run["id"], status=run["status"], lifecycle_stage=run["stage"])
        return SimpleNamespace(info=info, data=SimpleNamespace(tags=dict(run["tags"])), outputs=outputs)


class FakeRecord:
    """Replaces the records of a study."""

    experiment_id = "1"
    system_metrics = None
    study = "mine"

    def __init__(self, home: Home, client: FakeClient, uri: str = "postgresql://fake") -> None:
        self.home, self.client, self.uri = home, client, uri

    def colours(self, cells: Iterable[str]) -> dict[str, str]:
        return {}

    def colour_tag(self, cell: str) -> dict[str, str]:
        return {"mlflow.runColor": "#123456"}
