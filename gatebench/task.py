"""The contract between tasks and the rest.

A `Task` is a light, frozen declaration (metadata and parameters, no torch import), so that plans and tables stay fast.
Its `load` returns a `Problem`: tensors, encoder, head, loss. Shapes: T time, B batch, I input, H hidden.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, asdict, dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from gatebench.errors import UserError, unknown

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class Metric:
    """A figure of merit: `direction` says which way is better, `unit` what it is counted in ("" for a ratio)."""

    name: str
    direction: Literal["max", "min"]
    unit: str = ""


@dataclass(frozen=True)
class Batch:
    """What a loader yields.

    x: (T, B, I) floats, or (T, B) token numbers, time first, as the encoder wants them; y: targets, batch in the last
    dimension but for features: (B,), (B, K), (T, B) or (T, B, K); lengths: (B,) true lengths on the CPU, or None when
    all are T.
    """

    x: Tensor
    y: Tensor
    lengths: Tensor | None = None


@dataclass(frozen=True)
class Size:
    """How much a task trains on: so many examples of at most so many steps T, each of width I after the encoder."""

    examples: int
    steps: int
    inputs: int


class Split(Protocol):
    """One part of the data. `batch` gathers many examples at once: a per-example loop is what small models wait for."""

    lengths: Tensor | None  # (N,) for bucketing, None when all are equally long

    def __len__(self) -> int:
        """Return the number N of examples."""

    def batch(self, indices: Tensor) -> Batch:
        """Return the examples with these indices (B,), in this order."""


@dataclass(frozen=True)
class Problem:
    """A loaded task, ready to train on.

    encoder: maps `Batch.x` to (T, B, I) floats, I = input_size. head(H, D): a module called as `head(output, lengths)`
    on the recurrent output (T, B, D · H) of D directions, that returns logits. loss(logits, batch): a scalar, the mean
    over what is scored. tally(logits, batch): sums that may be added over batches, so that a score over unequal batches
    is exact. scores(totals): the task's metrics by name, from added tallies. baselines(): the headline metric on the
    test split of simple methods by name, such as "repeat-last"; they are rows of the table.
    """

    train: Split
    val: Split
    test: Split
    input_size: int
    steps: int  # the longest T, for initial biases that depend on it
    encoder: nn.Module
    head: Callable[[int, int], nn.Module]
    loss: Callable[[Tensor, Batch], Tensor]
    tally: Callable[[Tensor, Batch], dict[str, Tensor]]
    scores: Callable[[Mapping[str, float]], dict[str, float]]
    baselines: Callable[[], dict[str, float]] = dict


@dataclass(frozen=True)
class Stream(Problem):
    """A problem that is learnt in parts, one after another and each once: is what was learnt first still known?

    experiences: the parts in their order, each a problem of its own for the same network. metric: by which each of them
    is scored. As a problem the stream is all of them at once.
    """

    experiences: tuple[Problem, ...] = ()
    metric: Metric = Metric("accuracy", "max")


@dataclass(frozen=True)
class Task(ABC):
    """A task as a declaration. A subclass adds its parameters as fields and checks them in `__post_init__`."""

    title: ClassVar[str]  # one line for a person
    metrics: ClassVar[tuple[Metric, ...]]  # the first is the headline
    chance: ClassVar[float]  # the headline metric of a blind guess
    optimum: ClassVar[float | None] = None  # the headline metric of who makes no mistake, where analysis knows it
    protocol: ClassVar[str]  # the published protocol it follows, and where it departs from it
    licence: ClassVar[str]

    @property
    def name(self) -> str:
        """The name in configs: the module's last part."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def label(self) -> str:
        """The name in tables: with the parameters that differ from their defaults, "sequential_mnist[order=row]"."""
        given = self.parameters()
        changed = [f"{f.name}={v}" for f in fields(self) if (v := given[f.name]) != _default(f)]
        return f"{self.name}[{', '.join(changed)}]" if changed else self.name

    @abstractmethod
    def checksums(self) -> Mapping[str, str]:
        """Return {file: sha256} of every data file that a run reads: the data's part of a trial's digest."""

    @abstractmethod
    def load(self, root: Path, cache: Path | None = None) -> Problem:
        """Read the data below the data root `root`, verified; raise `UserError` in one sentence when it cannot be.

        What is costly to compute from the files may be kept below `cache`, a folder that parallel workers share; None
        keeps nothing.
        """

    def size(self) -> Size | None:
        """Return how much the task trains on, if that is known before the data are read: plans estimate costs by it."""
        return None

    def parameters(self) -> dict[str, Any]:
        """Return the fields that a config may set."""
        return asdict(self)


def _default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def build_task(config: Mapping[str, Any]) -> Task:
    """Return the task that a config describes: `_target_` names its class, the other keys are its fields.

    Raises:
        UserError: the class is not a task, or a field is unknown or out of range.
    """
    fields = {key: value for key, value in config.items() if key != "_target_"}
    module, _, attribute = str(config.get("_target_", "")).rpartition(".")
    try:
        kind = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError):
        raise UserError(f"task._target_ is {config.get('_target_')!r}; it must name a task's class.") from None
    if not (isinstance(kind, type) and issubclass(kind, Task)):
        raise UserError(f"task._target_ is {config.get('_target_')!r}, which is not a task.")
    for key in fields:
        if key not in kind.__dataclass_fields__:
            raise unknown(f"parameter of task {kind.__module__.rpartition('.')[2]}", key, kind.__dataclass_fields__)
    return kind(**fields)
