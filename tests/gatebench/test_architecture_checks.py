from typing import Any

import pytest

from gatebench.architecture_checks import check_architecture
from gatebench.cells import ARCHITECTURES
from gatebench.errors import UserError
from gatebench.training_settings import Training
from gatebench.trial import Model, Trial

DIGITS = {"_target_": "tasks.images.digits.Digits"}
CONTINUAL = {"_target_": "tasks.images.continual.Continual"}

MISTAKES: dict[str, dict[str, Any]] = {
    "training.backend is fused, but attention is not a cell, so it has no meaning; set training.backend=auto": {
        "training": Training(backend="fused")
    },
    "training.tbptt is 4, but attention is not a cell": {"training": Training(tbptt=4)},
    "model.recurrent_dropout is 0.5, but attention is not a cell": {"model": Model(recurrent_dropout=0.5)},
    "model.initial_weights is xavier_uniform, but attention is not": {"model": Model(initial_weights="xavier_uniform")},
    "attention has 2 heads": {"model": Model(hidden_size=5)},
    "attention is not a cell, and tasks of continual learning compare cells": {"task": CONTINUAL},
}


@pytest.mark.parametrize("message", MISTAKES)
def test_a_setting_that_needs_a_cell_is_refused_before_a_trial_has_a_digest(message: str) -> None:
    trial = Trial(**{"cell": {"name": "attention", "base": "attention"}, "task": DIGITS} | MISTAKES[message])
    with pytest.raises(UserError) as caught:
        _ = trial.digest
    assert str(caught.value).startswith(message)


def test_other_settings_are_allowed() -> None:
    model = vars(Model(dropout=0.1, embed_input=True, bidirectional=True, num_layers=2))
    check_architecture(ARCHITECTURES["attention"], model, vars(Training(weight_noise=0.1)), is_stream=False)
