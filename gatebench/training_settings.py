"""The settings of the training, as plain data without torch.

`docs/training.md` gives the equation of each setting.
"""

from collections.abc import Collection, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from gatebench.backends.names import AUTO, BACKEND_NAMES, backend_names
from gatebench.errors import UserError, out_of_range, unknown
from gatebench.lightning_targets import CALLBACKS, check_part
from gatebench.setting_checks import check_at_least, check_probability

OPTIMIZERS = {
    "adagrad": "Adagrad",
    "adam": "Adam",
    "adamw": "AdamW",
    "rmsprop": "RMSprop",
    "rmsprop_graves": "GravesRMSprop",
    "sgd": "SGD",
}
"""{name in configs: class} of the optimisers. `GravesRMSprop` is ours; the others are in `torch.optim`."""

WITH_MOMENTUM = ("sgd", "rmsprop", "rmsprop_graves")
"""The optimisers that have `momentum`."""

WITH_RMS_DECAY = ("rmsprop", "rmsprop_graves")
"""The optimisers that have `rms_decay`."""

CONSTANT = "constant"

SCHEDULES = (CONSTANT, "plateau", "step", "cosine")
"""The schedules of the learning rate."""

LARGEST_LEARNING_RATE = 1000
"""The largest learning rate. Adam changes every weight by about the learning rate at each step."""

DEVICES = ("cpu", "cuda")
"""The devices on which a network can be trained."""

FULL_PRECISION = "32-true"

PRECISIONS = (FULL_PRECISION, "bf16-mixed")
"""The number types of a training; see `gatebench.training.precision`."""

_FIRST_VERSION = (
    "max_epochs",
    "batch_size",
    "optimizer",
    "learning_rate",
    "weight_decay",
    "gradient_clip",
    "patience",
    "backend",
    "device",
)
"""The settings that always enter the digest of a trial."""


@dataclass(frozen=True)
class Training:
    """The settings of the training.

    Early stopping and the choice of the best epoch use the task's headline metric on the validation split.

    Attributes:
        max_epochs: largest number of epochs.
        batch_size: number of sequences in a batch.
        optimizer: a key of `OPTIMIZERS`.
        learning_rate: learning rate of the optimiser.
        weight_decay: weight decay of the optimiser, for all parameters.
        gradient_clip: largest allowed global norm of the gradient; 0 for no clipping.
        patience: number of epochs without a better validation score after which training stops; 0 for never.
        backend: name of the backend that computes the recurrent layers; "auto" lets the program choose.
        device: an item of `DEVICES`.
        devices: number of devices that train one network on one machine. Each computes its share of every batch.
        nodes: number of machines that train one network, each with `devices` devices.
        momentum: momentum μ of an optimiser in `WITH_MOMENTUM`, at least 0 and less than 1.
        nesterov: whether the momentum of sgd is that of Nesterov.
        momentum_scales_rate: whether the learning rate is multiplied by 1 − μ, as in Greff et al. 2017.
        rms_decay: decay of the running averages of an optimiser in `WITH_RMS_DECAY`; null: 0.99 for rmsprop, 0.95 for
            rmsprop_graves.
        gradient_clip_value: largest allowed absolute value of each element of the gradient; 0 for no clipping.
        gradient_rescale: global norm to which every gradient is scaled, larger or smaller; 0 for no scaling.
        tbptt: number K of steps after which gradients end (truncated back-propagation through time); 0 for none.
        l1: factor λ₁ of the penalty λ₁ Σ |w| on all weights, without biases.
        l2: factor λ₂ of the penalty ½ λ₂ Σ w² on all weights, without biases.
        weight_noise: standard deviation of Gaussian noise that is added to all parameters for each batch.
        input_noise: standard deviation of Gaussian noise that is added to the input of the first recurrent layer.
        schedule: an item of `SCHEDULES`: how the learning rate changes from epoch to epoch.
        schedule_factor: the factor γ of the schedules plateau and step, greater than 0 and less than 1.
        schedule_epochs: number of epochs after which step multiplies the learning rate by γ; for plateau, number of
            epochs without a better validation score.
        warmup_steps: number N of first training steps of which step n has n / N of the learning rate; 0 for none.
        callbacks: {name: config} of callbacks of Lightning, see `gatebench.training.lightning_parts`. A callback may
            change results, so it is a part of the trial.
        precision: an item of `PRECISIONS`: the number type of matrix products. The weights are float32.
        compile: whether `torch.compile` compiles the computation of the loss; see `gatebench.training.compiled_loss`.
        cuda_graphs: whether the compiled program runs as CUDA graphs, for batches of one shape on a GPU.
    """

    max_epochs: int = 30
    batch_size: int = 64
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    gradient_clip: float = 1.0
    patience: int = 10
    backend: str = "auto"
    device: str = "cpu"
    devices: int = 1
    nodes: int = 1
    momentum: float = 0.0
    nesterov: bool = False
    momentum_scales_rate: bool = False
    rms_decay: float | None = None
    gradient_clip_value: float = 0.0
    gradient_rescale: float = 0.0
    tbptt: int = 0
    l1: float = 0.0
    l2: float = 0.0
    weight_noise: float = 0.0
    input_noise: float = 0.0
    schedule: str = CONSTANT
    schedule_factor: float = 0.5
    schedule_epochs: int = 10
    warmup_steps: int = 0
    callbacks: dict[str, Any] = field(default_factory=dict)
    precision: str = FULL_PRECISION
    compile: bool = False
    cuda_graphs: bool = False

    def __post_init__(self) -> None:
        minima = {"max_epochs": 1, "batch_size": 1, "weight_decay": 0, "gradient_clip": 0, "patience": 0}
        minima |= {"devices": 1, "nodes": 1, "gradient_clip_value": 0, "gradient_rescale": 0}
        minima |= {"schedule_epochs": 1, "warmup_steps": 0, "tbptt": 0}
        minima |= dict.fromkeys(("l1", "l2", "weight_noise", "input_noise"), 0)
        for name, minimum in minima.items():
            check_at_least(f"training.{name}", getattr(self, name), minimum)
        if not 0 < self.learning_rate <= LARGEST_LEARNING_RATE:
            limits = f"a number greater than 0 and at most {LARGEST_LEARNING_RATE}"
            raise out_of_range("training.learning_rate", self.learning_rate, limits)
        choices = {"optimizer": OPTIMIZERS, "schedule": SCHEDULES}
        is_own = self.backend in (AUTO, *BACKEND_NAMES)  # then the installed packages are not read
        choices |= {"backend": (AUTO, *(BACKEND_NAMES if is_own else backend_names())), "device": DEVICES}
        choices["precision"] = PRECISIONS
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise unknown(f"training.{name}", getattr(self, name), allowed)
        if self.ranks > self.batch_size:
            raise out_of_range("training.batch_size", self.batch_size, f"at least {self.ranks}, one for each device")
        for name, config in self.callbacks.items():
            check_part(f"training.callbacks.{name}", config, CALLBACKS)
        self._check_optimizer()
        self._check_gradient()
        self._check_schedule()
        self._check_graphs()

    @property
    def ranks(self) -> int:
        """The number of processes that train one network, one for each device."""
        return self.devices * self.nodes

    @property
    def first_rate(self) -> float:
        """The learning rate that the optimiser starts with."""
        return self.learning_rate * (1 - self.momentum) if self.momentum_scales_rate else self.learning_rate

    def to_dict(self) -> dict[str, Any]:
        """Return the settings by name. Those of `NEUTRAL_TRAINING` are left out if they have their neutral value."""
        return without_neutral(vars(self), NEUTRAL_TRAINING)

    def _check_optimizer(self) -> None:
        """Raise `UserError` if a setting of the optimiser is out of range, or the optimiser does not have it."""
        check_probability("training.momentum", self.momentum)
        if self.rms_decay is not None and not 0 < self.rms_decay < 1:
            raise out_of_range("training.rms_decay", self.rms_decay, "greater than 0 and less than 1, or null")
        self._check_use("momentum", "optimizer", WITH_MOMENTUM)
        self._check_use("rms_decay", "optimizer", WITH_RMS_DECAY)
        self._check_use("nesterov", "optimizer", ("sgd",))
        for name in ("nesterov", "momentum_scales_rate"):
            if getattr(self, name) and not self.momentum:
                raise UserError(f"training.{name} is true, but training.momentum is 0; it needs a momentum.")

    def _check_gradient(self) -> None:
        """Raise `UserError` if the gradient would be limited in two ways."""
        limits = ("gradient_clip", "gradient_clip_value", "gradient_rescale")
        used = [f"training.{name}={getattr(self, name):g}" for name in limits if getattr(self, name)]
        if len(used) > 1:
            raise UserError(
                f"{' and '.join(used)} exclude each other; set all but one of {', '.join(limits)} to 0, "
                f"for example training.gradient_clip=0."
            )

    def _check_schedule(self) -> None:
        """Raise `UserError` if a setting of the schedule is out of range, or the schedule does not use it."""
        if not 0 < self.schedule_factor < 1:
            raise out_of_range("training.schedule_factor", self.schedule_factor, "greater than 0 and less than 1")
        for name in ("schedule_factor", "schedule_epochs"):
            self._check_use(name, "schedule", ("plateau", "step"))

    def _check_graphs(self) -> None:
        """Raise `UserError` if CUDA graphs are asked for, but not a compiled program on a GPU."""
        if self.cuda_graphs and not (self.compile and self.device == "cuda"):
            raise UserError("training.cuda_graphs=true needs training.compile=true and training.device=cuda.")

    def _check_use(self, name: str, switch: str, used_by: Collection[str]) -> None:
        """Raise `UserError` if a setting has a value, but another setting has a choice that does not use it.

        Args:
            name: the setting.
            switch: the other setting.
            used_by: the choices of the other setting that use this one.
        """
        value, choice = getattr(self, name), getattr(self, switch)
        if choice not in used_by and value != (neutral := NEUTRAL_TRAINING[name]):
            raise UserError(
                f"training.{name} is {_text(value)}, but training.{switch}={choice} does not use it; "
                f"set it to {_text(neutral)}, or choose {' or '.join(used_by)}."
            )


def without_neutral(settings: Mapping[str, Any], neutral: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that enter the digest of a trial.

    Args:
        settings: {name: value} of all settings.
        neutral: {name: neutral value} of those that later versions added.
    """
    return {name: value for name, value in settings.items() if name not in neutral or value != neutral[name]}


def _text(value: object) -> str:
    """Return a value as in a config."""
    return {True: "true", False: "false", None: "null"}[value] if value is None or type(value) is bool else f"{value}"


NEUTRAL_TRAINING: Mapping[str, Any] = {
    setting.name: {} if setting.default is MISSING else setting.default
    for setting in fields(Training)
    if setting.name not in _FIRST_VERSION
}
"""{name: neutral value} of the settings of `Training` that later versions added."""
