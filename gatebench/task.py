"""The interface between the tasks and the rest of the program.

A `Task` is a frozen declaration of metadata and parameters. Its module does not import torch, so plans and tables are
fast. Its `load` returns a `Problem` with the data, the encoder, the head and the loss.

Letters in shapes: T time, B batch, I input, H hidden, D directions, N examples, K targets of an example.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from functools import cached_property
from importlib import import_module
from inspect import isabstract
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from gatebench.errors import UserError, out_of_range, unknown
from gatebench.task_modules import OWN_PACKAGE, split_target
from gatebench.views import View, plain_view

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from gatebench.own_input import OwnInput


GIVEN_NAME = "_given_name"
"""The attribute of a task whose config has the key `name`. It is no field, so it is no parameter."""


@dataclass(frozen=True)
class Metric:
    """A score of a task. Two scores are equal if name, direction and unit are: records of earlier versions lack bounds.

    Attributes:
        name: name in configs and tables.
        direction: "max" if larger is better, "min" if smaller is better.
        unit: unit of measurement; "" for a ratio.
        low: the least possible value; None if there is none.
        high: the greatest possible value; None if there is none.
    """

    name: str
    direction: Literal["max", "min"]
    unit: str = ""
    low: float | None = field(default=None, compare=False)
    high: float | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Batch:
    """The examples of one training step.

    Attributes:
        x: (T, B, I) floats or (T, B) token numbers, which the encoder takes.
        y: targets: (B,) or (B, K) for a sequence, (T, B) or (T, B, K) for every step.
        lengths: (B,) valid steps of each sequence, on the CPU; None if all have T.
        continues: whether each sequence continues the one at the same place of the batch before. Then the recurrent
            layers start with the state after that one, without a gradient.
        on_cpu: {name: further numbers about the examples} that a task reads in a step, on the CPU as the lengths are:
            a program that reads a number from a GPU waits for it.
    """

    x: Tensor
    y: Tensor
    lengths: Tensor | None = None
    continues: bool = False
    on_cpu: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def inputs(self) -> NDArray[Any]:
        """The valid steps of the first example, (T, I) or (T,)."""
        return self.x[: len(self.x) if self.lengths is None else int(self.lengths[0]), 0].numpy()


def count_examples(batch: Batch) -> float:
    """Return the number B of examples of a batch."""
    return float(batch.x.shape[1])


@dataclass(frozen=True)
class Artifacts:
    """What a task finds out about a trained network after the test, apart from the scores of batches.

    Attributes:
        metrics: the values of the metrics `Task.final_metrics` on the test split, by name.
        files: {name: content} of files that are kept with the run, for example texts that the network writes.
    """

    metrics: Mapping[str, float] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)


class ScoringModule(Protocol):
    """A head or a body that compares its logits with the targets itself, part by part.

    Its `forward` returns the logits.
    """

    def scored(self, x: Tensor, batch: Batch, /) -> Tensor:
        """Return what `Problem.loss` and `Problem.tally` read, with the axes of the logits but the last one.

        Args:
            x: the recurrent output (T, B, H) for a head; the output of the encoder for a body.
            batch: the batch with its targets.
        """


class TrainedNetwork(Protocol):
    """A trained network in the mode of evaluation, without gradients.

    Attributes:
        encoder: the encoder of the problem.
        body: the body of the problem; None if it has a head.
        device: the device of the weights.
    """

    encoder: nn.Module
    body: nn.Module | None
    device: torch.device

    def __call__(self, batch: Batch) -> Tensor:
        """Return the logits of a batch, which may be on another device."""


def no_artifacts(network: TrainedNetwork, seed: int) -> Artifacts:  # noqa: ARG001
    """Return nothing: most tasks need the scores of batches only."""
    return Artifacts()


@dataclass(frozen=True)
class Size:
    """The amount of training data of a task.

    Attributes:
        examples: N, the number of training examples.
        steps: the largest number of steps T.
        inputs: I, the size of the encoder's output at a step.
    """

    examples: int
    steps: int
    inputs: int


class Split(Protocol):
    """The training, validation or test part of the data.

    `batch` gathers all examples of a batch in one operation, because a loop over the examples in Python would take
    longer than the training step of a small model.

    Attributes:
        lengths: (N,) valid steps of each example, from which batches of similar lengths are formed; None if all have T.
    """

    lengths: Tensor | None

    def __len__(self) -> int:
        """Return the number N of examples."""

    def batch(self, indices: Tensor) -> Batch:
        """Return the examples with these indices (B,), in this order."""


class Parts(Protocol):
    """The recurrent parts of a network that has several, all with the cell of the trial.

    Attributes:
        hidden_size: H.
        dropout: the dropout of the trial, for the layers that the task adds.
        directions: D, 2 if the trial asks for bidirectional layers.
    """

    hidden_size: int
    dropout: float
    directions: int

    def add(self, name: str, input_size: int, *, causal: bool = False) -> nn.Module:
        """Return a new part. It maps x (T, B, I), a state or None, and lengths (B,) or None to an output and a state.

        Args:
            name: its name, under which its gates are recorded.
            input_size: I.
            causal: whether it only runs forward, as a decoder does. Otherwise it has the directions of the trial.
        """


@dataclass(frozen=True)
class Problem:
    """A loaded task.

    Attributes:
        train: training split.
        val: validation split.
        test: test split.
        input_size: I, the size of the encoder's output at a step.
        steps: the largest number of steps T. Initial biases may depend on it.
        encoder: maps `Batch.x` to (T, B, I) floats.
        head: `head(H, D)` returns a module. The module maps the recurrent output (T, B, D · H) and the lengths to
            logits.
        loss: `loss(logits, batch)` returns a scalar, the mean over all targets.
        tally: `tally(logits, batch)` returns sums over the batch. They are added over batches, so that scores are exact
            although batches differ in size.
        scores: `scores(totals)` returns the task's metrics by name, from the added tallies.
        baselines: `baselines()` returns {name: headline metric on the test split} of simple methods, for example
            "repeat-last". They are rows of the result table.
        targets: `targets(batch)` returns the number of targets in the mean of `loss`. The loss of a batch is the mean
            of the losses of its parts, weighted by their numbers of targets. By default it is the number of examples,
            which is right if all examples of a task have equally many targets.
        body: `body(parts)` returns the module between the encoder and the logits, for a network with several recurrent
            parts. Its `forward(x, batch)` maps the output of the encoder and the
            batch to logits. Then there is no head. None: recurrent layers, dropout, and the head.
        artifacts: `artifacts(network, seed)` returns what the task finds out about the trained network after the test,
            for example texts that it writes. The seed is that of the trial.
        carries_state: whether the examples of a split are the sections of one text, in their order, and the state
            passes from one to the next. In training, the text is read in as many streams as a batch has examples; in
            validation and test, in one. Only for a network with a head.
        reads_scores: whether `loss` and `tally` read scores in place of logits, so that the logits of all steps are
            never held. The head or the body is a `ScoringModule` then.

    Raises:
        ValueError: `carries_state` is true and there is a body.
    """

    train: Split
    val: Split
    test: Split
    input_size: int
    steps: int
    encoder: nn.Module
    head: Callable[[int, int], nn.Module]
    loss: Callable[[Tensor, Batch], Tensor]
    tally: Callable[[Tensor, Batch], dict[str, Tensor]]
    scores: Callable[[Mapping[str, float]], dict[str, float]]
    baselines: Callable[[], dict[str, float]] = dict
    targets: Callable[[Batch], float] = count_examples
    body: Callable[[Parts], nn.Module] | None = None
    artifacts: Callable[[TrainedNetwork, int], Artifacts] = no_artifacts
    carries_state: bool = False
    reads_scores: bool = False

    def __post_init__(self) -> None:
        if self.carries_state and self.body is not None:
            raise ValueError("A network with a body carries no state from one batch to the next.")


@dataclass(frozen=True)
class Stream(Problem):
    """A problem of continual learning: one network is trained on several experiences, one after another.

    The inherited attributes describe the problem in which all experiences are trained on together.

    Attributes:
        experiences: the experiences in the order of training, each of them a `Problem`.
        metric: the score of each experience.
    """

    experiences: tuple[Problem, ...] = ()
    metric: Metric = Metric("accuracy", "max", low=0, high=1)


@dataclass(frozen=True)
class Example:
    """One example that a network reads, and how it is shown.

    Attributes:
        batch: the example as a batch of one.
        view: how it is shown.
        target: the right answer in words; "" if it is unknown, or if it is no single word.
        notes: sentences about the example, for example how a user's file was converted.
        part_views: {name of a recurrent part: how its steps are shown} of parts with other steps than the example.
        part_sequences: {name of a recurrent part: the number of the sequence that is shown} of parts that read several
            sequences of one example, for example the columns of an image; 0 if it is left out.
    """

    batch: Batch
    view: View
    target: str = ""
    notes: tuple[str, ...] = ()
    part_views: Mapping[str, View] = field(default_factory=dict)
    part_sequences: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Task(ABC):
    """The declaration of a task. A subclass adds its parameters as fields and checks them in `__post_init__`.

    Attributes:
        title: description in one line.
        metrics: the metrics; the first one is the headline metric.
        table_metrics: the names of the metrics that tables show by default; empty: the headline metric only.
        final_metrics: the names of the metrics that are computed once, on the test split with the best weights.
        chance: headline metric of a guess that ignores the input.
        optimum: best possible headline metric, if it is known analytically; else None.
        protocol: published protocol that the task follows, and the departures from it.
        licence: licence of the data.
    """

    title: ClassVar[str]
    metrics: ClassVar[tuple[Metric, ...]]
    table_metrics: ClassVar[tuple[str, ...]] = ()
    final_metrics: ClassVar[tuple[str, ...]] = ()
    chance: ClassVar[float]
    optimum: ClassVar[float | None] = None
    protocol: ClassVar[str]
    licence: ClassVar[str]

    @property
    def name(self) -> str:
        """The name in configs: that of the config's key `name`, or else the last part of the module's name."""
        given: str | None = vars(self).get(GIVEN_NAME)
        return given or type(self).__module__.rpartition(".")[2]

    @cached_property
    def label(self) -> str:
        """The name in tables, with the parameters that differ from their defaults: "sequential_mnist[order=row]"."""
        values = self.parameters()
        changed = [f"{f.name}={values[f.name]}" for f in fields(self) if values.get(f.name, _default(f)) != _default(f)]
        return f"{self.name}[{', '.join(changed)}]" if changed else self.name

    @property
    def is_stream(self) -> bool:
        """Whether `load` returns a `Stream` of experiences that are learnt one after another."""
        return False

    @abstractmethod
    def checksums(self) -> Mapping[str, str]:
        """Return {file: SHA-256} of every data file that a run reads. They are a part of the trial's digest."""

    def check_files(self, root: Path, cache: Path | None = None) -> None:  # noqa: B027  (most tasks need no files)
        """Check that the data files exist, without torch. A task without files has none.

        Published files are not read, because their checksums are known. Files of the user may be read, so that a fault
        in them ends a sweep before its first trial.

        Args:
            root: the data root.
            cache: the folder for results that `load` may use in place of the files; None for no cache.

        Raises:
            UserError: a file is missing; the message says how to get it. A file of the user has a fault.
        """

    @abstractmethod
    def load(self, root: Path, cache: Path | None = None) -> Problem:
        """Read and verify the data and return the problem.

        Args:
            root: the data root, the folder below which the data files are searched.
            cache: a folder for results that are expensive to compute; parallel workers share it. None for no cache.

        Raises:
            UserError: the data cannot be read, or are not the published ones.
        """

    def size(self) -> Size | None:
        """Return the amount of training data; None if it is unknown until the data are read.

        Plans estimate the cost of a trial from it.
        """
        return None

    @property
    def answers(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the logits; empty if the task has no classes."""
        return ()

    def example(self, problem: Problem, number: int, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return an example of the test split. By default its numbers are shown, as curves or as symbols.

        Args:
            problem: what `load` returned.
            number: the number of the example, from 0.
            root: the data root.
            cache: as in `load`.
        """
        batch = batch_of_one(problem.test, number)
        return Example(batch, plain_view(batch.inputs), self.answer(batch.y))

    def answer(self, y: Tensor) -> str:
        """Return the name of the class of one example; "" if the task has no classes.

        Args:
            y: the target of the example.
        """
        return self.answers[int(y)] if self.answers and y.numel() == 1 else ""

    def own_example(self, problem: Problem, given: OwnInput, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return an input of the user as an example.

        Args:
            problem: what `load` returned.
            given: the user's text or file.
            root: the data root.
            cache: as in `load`.

        Raises:
            UserError: the task takes no such input, or it cannot be read.
        """
        raise UserError(
            f"The task {self.name} takes no input of your own; leave {given.key} out to see a test example."
        )

    def parameters(self) -> dict[str, Any]:
        """Return {name: value} of the parameters that a config may set."""
        return asdict(self)


def batch_of_one(split: Split, number: int) -> Batch:
    """Return one example of a split as a batch.

    Raises:
        UserError: the split has no example with this number.
    """
    import torch

    if not 0 <= number < len(split):
        raise out_of_range("example", number, f"a whole number from 0 to {len(split) - 1}")
    return split.batch(torch.tensor([number]))


def _default(parameter: Field[Any]) -> Any:
    return parameter.default if parameter.default_factory is MISSING else parameter.default_factory()


def build_task(config: Mapping[str, Any]) -> Task:
    """Return the task that a config describes: `_target_` names its class, the other keys are its parameters.

    The key `name` is the name of the task; without it, that is the last part of the module's name. The target is
    checked before anything is imported, see `gatebench.task_modules`.

    Raises:
        UserError: the package of the class is not allowed, the class is not a task, a parameter is unknown or out of
            range, or the task has no name and its module has several tasks, which would have the same name.
    """
    parameters = {key: value for key, value in config.items() if key not in ("_target_", "name")}
    given = config.get("name")
    module, name = split_target(config.get("_target_"))
    try:
        kind = getattr(import_module(module), name)
    except (ImportError, AttributeError):
        raise UserError(f"task._target_ is {config['_target_']!r}; it must name a task's class.") from None
    if not (isinstance(kind, type) and issubclass(kind, Task)) or isabstract(kind):
        raise UserError(f"task._target_ is {config['_target_']!r}, which is not a task.")
    for key in parameters:
        if key not in kind.__dataclass_fields__:
            task = kind.__module__.rpartition(".")[2]
            raise unknown("parameter", key, kind.__dataclass_fields__, where=f"of task {task}")
    if given is None:
        _check_only_task(kind)
        return kind(**parameters)
    if not isinstance(given, str) or not re.fullmatch(r"[^\W\d]\w*", given):
        raise out_of_range("task.name", given, "a word of letters, digits and underscores")
    built = kind(**parameters)
    object.__setattr__(built, GIVEN_NAME, given)
    return built


def _check_only_task(kind: type[Task]) -> None:
    """Check that the module of a task outside gatebench has no other task, because both would have its name."""
    if kind.__module__.split(".")[0] == OWN_PACKAGE:
        return
    kinds = [
        name
        for name, value in vars(import_module(kind.__module__)).items()
        if isinstance(value, type) and issubclass(value, Task) and value.__module__ == kind.__module__
        if not isabstract(value)
    ]
    if len(kinds) > 1:
        raise UserError(
            f"{kind.__module__} has several tasks ({', '.join(kinds)}); give the config of each a name, as in "
            f"name: {kind.__name__.lower()}."
        )
