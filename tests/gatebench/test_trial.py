import hashlib
import json
from dataclasses import MISSING, asdict, fields, replace
from typing import Any

import pytest

from gatebench.errors import UserError
from gatebench.training_settings import without_neutral
from gatebench.trial import NEUTRAL, Model, Training, Trial, add_digests

LSTM = {"name": "lstm", "base": "lstm"}
DIGITS = {"_target_": "tasks.images.digits.Digits"}
TRIAL = Trial(LSTM, DIGITS)


def test_the_digest_is_of_equations_and_not_of_names() -> None:
    renamed = replace(TRIAL, cell={"name": "mine", "base": "lstm"})
    assert renamed.digest == TRIAL.digest
    without_input = {"ablate": {"i": {"fix": 1}}}
    ablated = replace(TRIAL, cell={**LSTM, **without_input})
    assert ablated.digest != TRIAL.digest
    assert (
        ablated.digest
        == replace(TRIAL, cell={"name": "lstm_no_input", "base": "lstm", "ablate": {"i": {"fix": 1}}}).digest
    )


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"model": Model(hidden_size=65)},
        {"model": Model(bidirectional=True)},
        {"model": Model(initial_weights="orthogonal")},
        {"model": Model(embed_input=True)},
        {"training": Training(max_epochs=31)},
        {"training": Training(learning_rate=2e-3)},
        {"training": Training(devices=2)},
        {"training": Training(nodes=2)},
        {"task": {**DIGITS, "split_seed": 1}},
        {"cell": {**LSTM, "ablate": {"f": {"bias": 1.0}}}},
    ],
)
def test_whatever_moves_a_result_moves_the_digest(change: dict[str, Any]) -> None:
    assert replace(TRIAL, **change).digest != TRIAL.digest


def test_defaults_written_out_are_the_same_trial() -> None:
    assert replace(TRIAL, task={**DIGITS, "split_seed": 0}).digest == TRIAL.digest


def test_the_data_enter_by_their_checksum(monkeypatch: pytest.MonkeyPatch) -> None:
    before = replace(TRIAL).digest
    monkeypatch.setattr("tasks.images.digits.SHA256", "0" * 64)
    assert replace(TRIAL).digest != before


def test_one_device_is_in_neither_the_digest_nor_the_settings() -> None:
    assert replace(TRIAL, training=Training(devices=1, nodes=1)).digest == TRIAL.digest
    assert not {"training.devices", "training.nodes"} & TRIAL.flat_settings().keys()
    several = replace(TRIAL, training=Training(devices=2, nodes=3))
    assert several.flat_settings().items() >= {"training.devices": "2", "training.nodes": "3"}.items()
    assert several.training.ranks == 6


def test_scores_to_stop_at_enter_the_digest_and_the_content_if_there_are_some() -> None:
    assert "stop_scores" not in TRIAL.to_dict()
    first, second = (replace(TRIAL, stop_scores=((3, score),)) for score in (0.5, 0.25))
    assert len({TRIAL.digest, first.digest, second.digest}) == 3
    assert first.to_dict()["stop_scores"] == [[3, 0.5]]
    assert first.flat_settings() == TRIAL.flat_settings()  # tables compare trials that have different scores


def test_the_digests_of_many_trials_are_those_of_each() -> None:
    def trials() -> list[Trial]:
        models = [Model(), Model(hidden_size=5)]
        cells = [LSTM, {"name": "gru", "base": "gru"}]
        return [Trial(cell, DIGITS, model, seed=seed) for cell in cells for model in models for seed in range(3)]

    many = trials()
    add_digests(many)
    kept = [vars(trial)["digest"] for trial in many]
    assert kept == [trial.digest for trial in trials()]
    assert len(set(kept)) == len(many)


def test_the_digest_is_that_of_the_content_as_json() -> None:
    task = TRIAL.build_task()
    content = {
        "cell": TRIAL.build_cell().digest,
        "task": [task.name, task.parameters(), sorted(task.checksums().items())],
        "model": without_neutral(asdict(TRIAL.model), NEUTRAL["model"]),
        "training": without_neutral(asdict(TRIAL.training), NEUTRAL["training"]),
        "seed": 0,
    }
    assert TRIAL.digest == hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def test_trials_of_one_config_share_its_cell_and_its_task() -> None:
    other = replace(TRIAL, cell=dict(LSTM), task=dict(DIGITS), seed=1)
    assert other.build_cell() is TRIAL.build_cell()
    assert other.build_task() is TRIAL.build_task()
    assert replace(TRIAL, cell={**LSTM, "note": "other"}).build_cell() is not TRIAL.build_cell()


FIRST_SETTINGS = {
    "model": {"hidden_size", "num_layers", "bidirectional", "dropout"},
    "training": {
        "max_epochs",
        "batch_size",
        "optimizer",
        "learning_rate",
        "weight_decay",
        "gradient_clip",
        "patience",
        "backend",
        "device",
    },
}
"""The settings that are in the digests of the golden file, whatever their values."""


@pytest.mark.parametrize(("part", "kind"), [("model", Model), ("training", Training)])
def test_a_setting_that_was_added_later_has_a_neutral_value_as_its_default(part: str, kind: type) -> None:
    defaults = {
        field.name: field.default if field.default_factory is MISSING else field.default_factory()
        for field in fields(kind)
    }
    assert set(without_neutral(defaults, NEUTRAL[part])) == FIRST_SETTINGS[part]
    assert set(defaults) - FIRST_SETTINGS[part] <= set(NEUTRAL[part])


def test_a_neutral_value_does_not_enter_the_digest_and_others_do() -> None:
    neutral = NEUTRAL["training"]
    assert without_neutral({"max_epochs": 1, "devices": 1}, neutral) == {"max_epochs": 1}
    assert without_neutral({"max_epochs": 1, "devices": 2}, neutral) == {"max_epochs": 1, "devices": 2}
    assert TRIAL.digest == "0807059f32d266d7"  # of the first version


def test_a_trial_is_plain_data() -> None:
    assert json.loads(json.dumps(TRIAL.to_dict()))["model"]["hidden_size"] == 64


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Model(hidden_size=0), "model.hidden_size is 0"),
        (lambda: Model(num_layers=0), "model.num_layers is 0"),
        (lambda: Model(dropout=1.0), "model.dropout is 1.0"),
        (lambda: Model(recurrent_dropout=-0.1), "model.recurrent_dropout is -0.1"),
        (lambda: Model(weight_drop=1.0), "model.weight_drop is 1.0; it must be at least 0 and less than 1"),
        (
            lambda: Model(dropout=0.1, variational_dropout=0.2),
            "model.dropout=0.1 and model.variational_dropout=0.2 exclude each other; set one of them to 0",
        ),
        (lambda: Model(initial_weights="xavier_normall"), "did you mean 'xavier_normal'"),
        (lambda: Model(initial_weights="normal"), "model.initial_scale is 'null'"),
        (lambda: Training(tbptt=-1), "training.tbptt is -1"),
        (lambda: Training(max_epochs=0), "training.max_epochs is 0"),
        (lambda: Training(learning_rate=0.0), "training.learning_rate is 0.0"),
        (lambda: Training(learning_rate=float("nan")), "training.learning_rate is nan"),
        (lambda: Training(learning_rate=1e30), "training.learning_rate is 1e\\+30; it must be .* at most 1000"),
        (lambda: Training(batch_size=10**20), "training.batch_size is 1.*; it must be at most 1,000,000,000"),
        (lambda: Model(num_layers=10**6), "model.num_layers is 1000000; it must be at most 1,000"),
        (lambda: Training(gradient_clip=float("inf")), "training.gradient_clip is inf"),
        (lambda: Training(optimizer="adamm"), "did you mean 'adam'"),
        (lambda: Training(backend="natve"), "did you mean 'native'"),
        (lambda: Training(device="gpu"), "Allowed: cpu, cuda"),
        (lambda: Training(devices=0), "training.devices is 0"),
        (lambda: Training(nodes=0), "training.nodes is 0"),
        (lambda: Training(devices=2, nodes=2, batch_size=3), "training.batch_size is 3; it must be at least 4"),
    ],
)
def test_a_value_out_of_range_is_refused_in_a_sentence(make: Any, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        make()
