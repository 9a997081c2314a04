"""The import of PyTorch Lightning without large modules that a training does not use.

`import pytorch_lightning` imports torchmetrics, which imports SciPy's signal processing and Matplotlib for metrics and
plots that are not used here, and TorchDynamo, the compiler behind `torch.compile`, which imports SymPy. They take two
thirds of the time of the import, in every process that trains. Stand-ins are imported in their place. A stand-in has
the names that the import needs; any other name loads the real module.

The stand-ins of SciPy and Matplotlib are removed after the import. The one of TorchDynamo stays until another part of
it is asked for, because every step of an optimiser calls `graph_break`, which does nothing outside of `torch.compile`.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, wraps
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import ModuleType, SimpleNamespace
from typing import Any

import torch  # noqa: F401  (before the stand-in of one of its modules)

DYNAMO = "torch._dynamo"


class StandIn(ModuleType):
    """A module with a few names in place of a module that is not loaded yet.

    Args:
        name: the name of the module.
        names: {name: value} of the names that do not load the real module.
    """

    def __init__(self, name: str, names: Mapping[str, object]) -> None:
        super().__init__(name)
        self.__path__: list[str] = []
        self.__dict__.update(names)

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the real module."""
        if name.startswith("__"):  # `inspect` asks every module for such names
            raise AttributeError(name)
        return getattr(self.load(), name)

    def load(self) -> ModuleType:
        """Load the real module in place of this one, and return it."""
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return import_module(self.__name__)


class _SubmoduleFinder(MetaPathFinder):
    """Loads the real module when a submodule of a stand-in is imported."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002  (the path of the stand-in is empty)
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """Return the spec of the real submodule if its parent is a stand-in; None if it is not."""
        parent = sys.modules.get(fullname.rpartition(".")[0])
        if not isinstance(parent, StandIn):
            return None
        parent.load()
        return spec_from_loader(fullname, _ReadyLoader(import_module(fullname)))


class _ReadyLoader(Loader):
    """The loader of a module that is loaded already."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:  # noqa: ARG002
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec


class _NotCompiled:
    """The class of compiled networks: no network of a training is an instance."""


def _no_graph_break() -> None:
    """Do nothing, like `torch._dynamo.graph_break` outside of `torch.compile`."""


def _not_disabled(function: Any, *_args: object, **_options: object) -> Any:
    """Return the function: `torch._dynamo.disable` only keeps `torch.compile` from compiling it."""
    return function


def _with_style(style: object) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that is `matplotlib.pyplot.style.context`, but imports it when the function is called."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(*args: Any, **options: Any) -> Any:
            with import_module("matplotlib.pyplot").style.context(style):
                return function(*args, **options)

        return call

    return decorate


def _plotting() -> dict[str, StandIn]:
    """Return the stand-ins for the names of Matplotlib and SciPy that the import of torchmetrics needs."""
    axes = StandIn("matplotlib.axes", {"Axes": object})
    plot_names = {"Figure": object, "style": SimpleNamespace(context=_with_style)}
    pyplot = StandIn("matplotlib.pyplot", plot_names)
    colors = SimpleNamespace(Colormap=object)
    package = StandIn("matplotlib", {"axes": axes, "pyplot": pyplot, "colors": colors})
    signal = StandIn("scipy.signal", {"hamming": None})  # if it is missing, torchmetrics adds it
    return {module.__name__: module for module in (package, axes, pyplot, signal)}


@contextmanager
def _replaced(stand_ins: Mapping[str, StandIn]) -> Iterator[None]:
    """Import the stand-ins in place of their modules inside the block."""
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, stand_in in stand_ins.items():
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]


def import_lightning() -> None:
    """Import Lightning. A module that is loaded already gets no stand-in."""
    stand_ins = _plotting()
    if stand_ins.keys() & sys.modules.keys():
        stand_ins = {}
    if DYNAMO not in sys.modules:
        names = {"OptimizedModule": _NotCompiled, "graph_break": _no_graph_break, "disable": _not_disabled}
        sys.modules[DYNAMO] = StandIn(DYNAMO, names)
        sys.meta_path.insert(0, _SubmoduleFinder())
    with _replaced(stand_ins):
        import_module("pytorch_lightning")
    _read_entry_points_once()


def _read_entry_points_once() -> None:
    """Let Lightning read the entry points of all installed packages once. Else each trainer does, which takes 10 ms."""
    registry: Any = import_module("lightning_fabric.utilities.registry")
    registry.entry_points = cache(registry.entry_points)


import_lightning()
