from dataclasses import fields, replace
from typing import Any

import pytest

from gatebench.errors import UserError
from gatebench.training_settings import NEUTRAL_TRAINING, OPTIMIZERS, Training

SGD = Training(optimizer="sgd", momentum=0.9)


def test_neutral_values_are_left_out() -> None:
    assert not Training().to_dict().keys() & NEUTRAL_TRAINING.keys()
    assert replace(SGD, nesterov=True).to_dict().items() >= {"momentum": 0.9, "nesterov": True}.items()


def test_the_momentum_scales_the_learning_rate() -> None:
    assert SGD.first_rate == SGD.learning_rate
    assert replace(SGD, momentum_scales_rate=True, learning_rate=0.5).first_rate == 0.5 * (1 - 0.9)


CHANGES: dict[str, dict[str, Any]] = {
    "momentum": {"momentum": 1.0},
    "negative momentum": {"momentum": -0.1},
    "decay": {"optimizer": "rmsprop", "momentum": 0.0, "rms_decay": 1.0},
    "clip value": {"gradient_clip_value": -1.0},
    "schedule": {"schedule": "plateau", "schedule_factor": 1.0},
    "schedule epochs": {"schedule": "step", "schedule_epochs": 0},
    "warmup": {"warmup_steps": -1},
    "rescale": {"gradient_rescale": float("inf")},
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_value_out_of_range_is_refused(name: str) -> None:
    with pytest.raises(UserError, match=r"^training\.\w+ is .*; it must be .*\.$"):
        replace(SGD, **CHANGES[name])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"optimizer": "adam"},
            "training.momentum is 0.9, but training.optimizer=adam does not use it; set it to 0.0, or choose sgd or "
            "rmsprop or rmsprop_graves.",
        ),
        (
            {"optimizer": "rmsprop", "nesterov": True},
            "training.nesterov is true, but training.optimizer=rmsprop does not use it; set it to false, or choose "
            "sgd.",
        ),
        (
            {"rms_decay": 0.9},
            "training.rms_decay is 0.9, but training.optimizer=sgd does not use it; set it to null, or choose rmsprop "
            "or rmsprop_graves.",
        ),
        (
            {"momentum": 0.0, "nesterov": True},
            "training.nesterov is true, but training.momentum is 0; it needs a momentum.",
        ),
        (
            {"schedule": "cosine", "schedule_factor": 0.1},
            "training.schedule_factor is 0.1, but training.schedule=cosine does not use it; set it to 0.5, or choose "
            "plateau or step.",
        ),
        (
            {"cuda_graphs": True, "compile": True},
            "training.cuda_graphs=true needs training.compile=true and training.device=cuda.",
        ),
        (
            {"precision": "bf16"},
            "There is no training.precision 'bf16'; did you mean 'bf16-mixed'? Allowed: 32-true, bf16-mixed.",
        ),
        (
            {"schedule": "platau"},
            "There is no training.schedule 'platau'; did you mean 'plateau'? Allowed: constant, cosine, plateau, step.",
        ),
        (
            {"gradient_rescale": 2.0},
            "training.gradient_clip=1 and training.gradient_rescale=2 exclude each other; set all but one of "
            "gradient_clip, gradient_clip_value, gradient_rescale to 0, for example training.gradient_clip=0.",
        ),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        replace(SGD, **change)
    assert str(caught.value) == sentence


def test_every_setting_is_documented() -> None:
    documented = Training.__doc__ or ""
    assert all(f"        {setting.name}: " in documented for setting in fields(Training))


def test_a_wrong_optimiser_has_a_suggestion() -> None:
    with pytest.raises(UserError, match="did you mean 'rmsprop'"):
        Training(optimizer="rmspropp")
    assert "rmsprop_graves" in OPTIMIZERS
