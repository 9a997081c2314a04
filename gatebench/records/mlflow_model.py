"""The trained network of a trial as a logged model of MLflow: its weights, its signature and its config.

MLflow shows it on the page "Models" and on the page of the run. Its files are `weights.safetensors`, `config.json` and
`MLmodel`, MLflow's description. None of them is a pickle.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mlflow.entities import LoggedModelOutput
from mlflow.tracking import MlflowClient
from mlflow.version import VERSION

from gatebench.errors import UserError

WEIGHTS = "weights.safetensors"
"""The file of an outcome with the weights, see `gatebench.training.weights_file`."""

MODEL_TYPE = "gatebench"
"""The type of the models in MLflow."""

_FORBIDDEN = re.compile(r"[/:.%\"'\[\]]+")  # characters that MLflow does not allow in a name, and brackets
_LONGEST_HEADER = 1 << 20


def create_model(client: MlflowClient, experiment: str, run: str, tags: Mapping[str, str]) -> str:
    """Create the model of a run without files, and return MLflow's id of it.

    Args:
        client: the connection to MLflow.
        experiment: MLflow's id of the experiment.
        run: MLflow's id of the run.
        tags: the tags of the run.
    """
    name, own_tags = name_and_tags(tags)
    return str(client.create_logged_model(experiment, name, run, own_tags, model_type=MODEL_TYPE).model_id)


def name_and_tags(tags: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Return the name and the tags of the model of a run.

    Args:
        tags: the tags of the run.
    """
    own = {key: tags.get(key, "") for key in ("cell", "task", "seed", "digest")}
    return _FORBIDDEN.sub("_", f"{own['cell']} {own['task']} seed {own['seed']}").strip("_ "), own


def find_model(client: MlflowClient, experiment: str, run: str) -> str | None:
    """Return MLflow's id of the model of a run; None if it has none."""
    models = client.search_logged_models([experiment], f"source_run_id = '{run}'")
    return next((str(model.model_id) for model in models), None)


def write_model(client: MlflowClient, run: str, model: str, config: Mapping[str, Any], weights: bytes) -> None:
    """Write the files of a model and mark it as ready. It may be written several times.

    Args:
        client: the connection to MLflow.
        run: MLflow's id of the run.
        model: MLflow's id of the model.
        config: the trial as plain data.
        weights: the content of the safetensors file.

    Raises:
        UserError: the weights cannot be read.
    """
    with TemporaryDirectory(prefix="gatebench-") as folder:
        for name, content in model_files(run, model, config, weights).items():
            Path(folder, name).write_bytes(content)
        client.log_model_artifacts(model, folder)
    client.finalize_logged_model(model, "READY")
    outputs = client.get_run(run).outputs
    if model not in {output.model_id for output in (outputs.model_outputs if outputs else ())}:
        client.log_outputs(run, [LoggedModelOutput(model, step=0)])


def model_files(run: str, model: str, config: Mapping[str, Any], weights: bytes) -> dict[str, bytes]:
    """Return {name: content} of the files of a model. The arguments are those of `write_model`.

    Raises:
        UserError: the weights cannot be read.
    """
    # JSON is YAML, too, and is written a hundred times as fast.
    texts = {"config.json": _as_json(config), "MLmodel": _as_json(description(model, run, weights))}
    return {WEIGHTS: weights, **{name: text.encode() for name, text in texts.items()}}


def description(model: str, run: str, weights: bytes) -> dict[str, Any]:
    """Return the content of the file `MLmodel`: the signature, and what the other files are.

    Args:
        model: MLflow's id of the model.
        run: MLflow's id of the run.
        weights: the content of the safetensors file. Its metadata contain the types and shapes of input and output.
    """
    metadata = _metadata(weights)
    signature = {f"{side}s": json.dumps([_tensor(side, metadata)]) for side in ("input", "output") if side in metadata}
    return {
        "model_id": model,
        "run_id": run,
        "mlflow_version": VERSION,
        "utc_time_created": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
        "flavors": {"gatebench": {"weights": WEIGHTS, "config": "config.json"}},
        "signature": {**signature, "params": None},
    }


def _tensor(name: str, metadata: Mapping[str, str]) -> dict[str, Any]:
    """Return a tensor in the form of MLflow's signatures.

    Raises:
        UserError: the metadata do not describe the tensor.
    """
    try:
        return {"name": name, "type": "tensor", "tensor-spec": dict(json.loads(metadata[name]))}
    except (ValueError, TypeError, RecursionError):
        raise UserError(f"The file of the weights is damaged: it does not describe its {name}.") from None


def _metadata(weights: bytes) -> dict[str, str]:
    length = int.from_bytes(weights[:8], "little")
    try:
        header = json.loads(weights[8 : 8 + min(length, _LONGEST_HEADER)])
        return {str(key): str(value) for key, value in header["__metadata__"].items()}
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        raise UserError("The file of the weights is damaged: its header cannot be read.") from None


def _as_json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
