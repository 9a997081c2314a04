from dataclasses import replace
from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.records.home import Home
from gatebench.records.kept_network import kept_network
from gatebench.records.mlflow_model import WEIGHTS
from gatebench.records.record import Record
from tests.gatebench.records.exchange.weights import small_weights
from tests.gatebench.records.writing_record import WritingRecord
from tests.launch.trials import outcome, trial


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """A study with a trial whose weights are kept with the run, one with large weights, and one without."""
    written = WritingRecord(Home(tmp_path), "mine")
    for seed in range(3):
        one = trial("gru", seed)
        written.end(one, replace(outcome(one), files={WEIGHTS: small_weights()} if seed == 0 else {}))
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / f"{trial('gru', 1).digest}.safetensors").write_bytes(b"large")
    return Record(Home(tmp_path), "mine")


def test_the_config_and_the_weights_come_back(record: Record) -> None:
    kept = kept_network(record, trial("gru", 0).digest)
    assert kept.weights == small_weights()
    assert kept.config["cell"] == {"name": "gru", "base": "gru"}
    assert kept.config["model"]["hidden_size"] == 4
    assert kept_network(record, trial("gru", 1).digest).weights == b"large"


def test_what_is_not_there_has_a_sentence(record: Record) -> None:
    with pytest.raises(UserError, match=r"The records have no weights of the trial .*; they are kept if a trial ended"):
        kept_network(record, trial("gru", 2).digest)
    with pytest.raises(UserError, match="The records have no config of the trial 0123, so that its network cannot be"):
        kept_network(record, "0123")
