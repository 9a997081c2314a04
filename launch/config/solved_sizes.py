"""The hidden sizes that `model.parameters` asks for: each cell gets the size whose network is nearest to that number.

The trial has the explicit hidden size, so that its digest is that of a trial for which the size was given. The number
of parameters is that of the whole network, which tables show. The encoder and the head are known when the task is
loaded, so it is loaded for the first plan. Later plans read the numbers from the cache.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path

from gatebench.derive.architecture_cost import architecture_parameters
from gatebench.derive.matched_size import NetworkFrame, layer_parameters, matched_size
from gatebench.errors import UserError, out_of_range
from gatebench.spec.architecture import Architecture
from gatebench.spec.cell import Cell
from gatebench.study import BUDGET, SIZE
from gatebench.trial import Model, Training, Trial

CACHE_NAME = "network_frame"
"""The first part of the name of the cache's entries."""


@dataclass(frozen=True)
class SizedModel(Model):
    """The settings `model` in a config: those of `Model`, and the number of parameters that may determine its size.

    Attributes:
        parameters: the number of parameters of the whole network, for which `hidden_size` is solved; None:
            `hidden_size` is given.
    """

    parameters: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.parameters is not None and self.parameters < 1:
            raise out_of_range("model.parameters", self.parameters, "a whole number of at least 1, or null")


SECTION_TYPES: Mapping[str, type] = {"model": SizedModel, "training": Training}
"""{section of a config: the type of its content}, of the sections whose keys are fixed."""


@dataclass(frozen=True)
class SolvedSize:
    """A hidden size that was solved.

    Attributes:
        budget: the number of parameters that was asked for.
        cell: the label of the cell.
        task: the label of the task.
        hidden_size: the solution.
        parameters: the number of parameters of the network with this size.
        num_layers: the number of layers.
    """

    budget: int
    cell: str
    task: str
    hidden_size: int
    parameters: int
    num_layers: int


def plain_model(model: Model, hidden_size: int | None = None) -> Model:
    """Return the model without `parameters`, with another hidden size if one is given."""
    settings = {key: value for key, value in vars(model).items() if key != "parameters"}
    return Model(**settings | ({} if hidden_size is None else {"hidden_size": hidden_size}))


class SizeSolver:
    """Solves the hidden sizes of trials. Trials with the same cell, task and model are solved once.

    Args:
        cache: the folder of the cache.
        data_root: the folder of the data files.
    """

    def __init__(self, cache: Path, data_root: Path) -> None:
        self._cache, self._data_root = cache, data_root
        self._frames: dict[str, NetworkFrame] = {}
        self._solved: dict[tuple[str, str, str], SolvedSize] = {}

    @property
    def sizes(self) -> tuple[SolvedSize, ...]:
        """The sizes that were solved, each once."""
        return tuple(dict.fromkeys(self._solved.values()))

    def solved(self, trial: Trial) -> Trial:
        """Return the trial with an explicit hidden size and a plain `Model`.

        Raises:
            UserError: the number of parameters does not determine a hidden size, or the task cannot be loaded.
        """
        model = trial.model
        if not isinstance(model, SizedModel):
            return trial
        if model.parameters is None:
            return replace(trial, model=plain_model(model))
        key = (repr(trial.cell), repr(trial.task), repr(model))
        if key not in self._solved:
            self._solved[key] = self._solve(trial, model, model.parameters)
        return replace(trial, model=plain_model(model, self._solved[key].hidden_size))

    def _solve(self, trial: Trial, model: Model, budget: int) -> SolvedSize:
        cell, task = trial.build_compared(), trial.build_task()
        frame = self._frame(trial)
        if isinstance(cell, Cell) and cell.definitions.square and not model.embed_input:
            raise UserError(
                f"{cell.name} adds its input to hidden units, so its hidden size is the input size of the task "
                f"{task.label}, {frame.inputs}, and model.parameters cannot determine it; leave the cell out, or set "
                "model.hidden_size or model.embed_input=true."
            )
        directions = 2 if model.bidirectional else 1

        @lru_cache
        def count(hidden_size: int) -> int:
            inputs = hidden_size if model.embed_input else frame.inputs
            embedding = (frame.inputs + 1) * hidden_size if model.embed_input else 0
            sizes = inputs, hidden_size, model.num_layers, directions
            if isinstance(cell, Architecture):
                recurrent = architecture_parameters(cell, *sizes, frame.steps)
            else:
                recurrent = layer_parameters(cell, *sizes)
            return recurrent + frame.parameters(hidden_size) + embedding

        multiple = cell.hidden_step(directions) if isinstance(cell, Architecture) else 1
        size = matched_size(budget, count, f"{cell.name} on the task {task.label}", multiple)
        return SolvedSize(budget, cell.name, task.label, size, count(size), model.num_layers)

    def _frame(self, trial: Trial) -> NetworkFrame:
        """Return the parameters of encoder and head of a trial's task."""
        config = repr((trial.task, trial.model.bidirectional))
        if config not in self._frames:
            self._frames[config] = cached_frame(trial, self._cache, self._data_root)
        return self._frames[config]


def cached_frame(trial: Trial, cache: Path, data_root: Path) -> NetworkFrame:
    """Return the parameters of encoder and head of a trial's task, from the cache if it has them.

    Args:
        trial: the trial with the task.
        cache: the folder of the cache.
        data_root: the folder of the data files.

    Raises:
        UserError: the task cannot be loaded.
    """
    # These imports take a tenth of a second, and most commands need none of them.
    from importlib.metadata import version

    import numpy as np

    from tasks.data.array_cache import Arrays, cached_arrays

    task, directions = trial.build_task(), 2 if trial.model.bidirectional else 1

    def compute() -> Arrays:
        from gatebench.network_frame import network_frame  # imports torch, which takes seconds

        frame = network_frame(task.load(data_root, cache), task.label, directions)
        return {"frame": np.array(list(vars(frame).values()), dtype=np.int64)}

    origin = {
        "task": task.name,
        "parameters": repr(sorted(task.parameters().items())),
        "directions": directions,
        "checksums": dict(task.checksums()),
        "version": version("gatebench"),
        "content": [one.name for one in fields(NetworkFrame)],
    }
    return NetworkFrame(*map(int, cached_arrays(cache, CACHE_NAME, origin, compute)["frame"]))


def check_one_size(given: Sequence[str], swept: Sequence[str], drawn: Sequence[str], model: Model) -> None:
    """Check that the hidden size is either given or solved.

    A number of parameters on the command line replaces the hidden size of an experiment.

    Args:
        given: the keys on the command line.
        swept: the keys that are swept or drawn, by the command line or the experiment.
        drawn: the keys that are drawn.
        model: the settings of the composed config.

    Raises:
        UserError: `model.parameters` and `model.hidden_size` are both given, or `model.parameters` is drawn.
    """
    if BUDGET in drawn:
        raise UserError(f"{BUDGET} cannot be drawn; write a list of numbers such as {BUDGET}=5000,20000.")
    has_budget = BUDGET in swept or (isinstance(model, SizedModel) and model.parameters is not None)
    if not has_budget:
        return
    if SIZE in given or SIZE in swept or (BUDGET not in given and model.hidden_size != Model().hidden_size):
        raise UserError(
            f"{SIZE} and {BUDGET} are both given, but the hidden size is solved from the number of parameters; leave "
            f"out one of them, or set {BUDGET}=null."
        )
