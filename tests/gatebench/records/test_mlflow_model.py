import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from gatebench.errors import UserError
from gatebench.records.home import Home
from gatebench.records.mlflow_model import WEIGHTS, description
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome, trial

HEADER = json.dumps(
    {
        "__metadata__": {
            "input": '{"dtype": "float32", "shape": [-1, -1, 8]}',
            "output": '{"dtype": "float32", "shape": [-1, 10]}',
        },
        "w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]},
    }
).encode()
CONTENT = len(HEADER).to_bytes(8, "little") + HEADER + b"\0\0\0\0"


def test_a_trial_has_a_logged_model_with_weights_signature_and_config(tmp_path: Path) -> None:
    record = Record(Home(tmp_path), "mine")
    lstm = replace(trial("lstm"), cell={"name": "lstm[i=1, f.x]", "base": "lstm"})
    record.end(lstm, replace(outcome(lstm), files={WEIGHTS: CONTENT, "notes.txt": b"notes"}))
    client = record.client
    experiment = client.get_experiment_by_name("mine").experiment_id
    (model,) = client.search_logged_models([experiment])
    (run,) = client.search_runs([experiment])
    assert model.status == "READY"
    assert model.source_run_id == run.info.run_id
    assert model.tags["cell"] == "lstm[i=1, f.x]"
    assert [output.model_id for output in run.outputs.model_outputs] == [model.model_id]
    folder = Path(model.artifact_location.removeprefix("file://"))
    assert sorted(file.name for file in folder.iterdir()) == ["MLmodel", "config.json", WEIGHTS]
    assert (folder / WEIGHTS).read_bytes() == CONTENT
    assert json.loads((folder / "config.json").read_text())["cell"]["base"] == "lstm"
    signature = yaml.safe_load((folder / "MLmodel").read_text())["signature"]
    assert json.loads(signature["inputs"])[0]["tensor-spec"] == {"dtype": "float32", "shape": [-1, -1, 8]}
    paths = [file.path for file in client.list_artifacts(run.info.run_id)]
    assert "notes.txt" in paths
    assert WEIGHTS not in paths


def test_mlflow_reads_the_signature(tmp_path: Path) -> None:
    from mlflow.models import Model

    (tmp_path / "MLmodel").write_text(yaml.safe_dump(description("m-1", "r-1", CONTENT)))
    signature = Model.load(str(tmp_path)).signature
    assert signature.inputs.inputs[0].shape == (-1, -1, 8)
    assert signature.outputs.inputs[0].shape == (-1, 10)


def with_header(header: bytes) -> bytes:
    return len(header).to_bytes(8, "little") + header


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"\xff" * 20, CONTENT[:40], (2**63).to_bytes(8, "little") + b"{}"),
        *map(with_header, (b"[1]", b"[" * 100_000, b'{"__metadata__": 3}', b'{"__metadata__": {"input": "{"}}')),
        with_header(b'{"__metadata__": {"input": "' + b"[" * 100_000 + b'"}}'),
        with_header(b'{"__metadata__": {"output": "3"}}'),
    ],
)
def test_damaged_weights_are_an_error_in_one_sentence(content: bytes) -> None:
    with pytest.raises(UserError, match="file of the weights is damaged"):
        description("m", "r", content)
