"""How a task's encoder or head describes itself to other programs: as nodes of ONNX, and as code of plain torch.

A module with the methods of `ExportableModule` can be exported. Modules of `torch.nn` need no methods if
`gatebench.export.module_nodes` knows them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from numpy.typing import NDArray
from torch import Tensor, nn


class OnnxNodes(Protocol):
    """A graph of ONNX under construction. Values have names."""

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        """Add a node and return the name of its first output."""

    def constant(self, value: NDArray[Any] | float) -> str:
        """Return the name of a constant. A float has the dtype of the weights."""

    def linear(self, x: str, weight: Tensor, bias: Tensor) -> str:
        """Return the name of x @ weight.T + bias."""


@dataclass(frozen=True)
class PlainModule:
    """A module as code that needs torch alone.

    Attributes:
        expression: its output as Python code. {x} is its input, {self} the prefix of its members, and `lengths` the
            valid steps of the sequences or None.
        members: {name: constructor} of the modules in it, for example {"linear": "nn.Linear(64, 10)"}.
        buffers: {name: values} of the constant tensors in it.
        weights: {name: values} of the weights of the members, for example {"linear.weight": …}.
        functions: the functions that the expression calls. Their source needs nothing but torch, Tensor and nn.
    """

    expression: str
    members: Mapping[str, str] = field(default_factory=dict)
    buffers: Mapping[str, Tensor] = field(default_factory=dict)
    weights: Mapping[str, Tensor] = field(default_factory=dict)
    functions: tuple[Callable[..., Tensor], ...] = ()


def plain_linear(layer: nn.Linear, expression: str, functions: tuple[Callable[..., Tensor], ...] = ()) -> PlainModule:
    """Return the code of a head with one linear layer, which is its member "linear".

    Args:
        layer: the layer, with biases.
        expression: as in `PlainModule`.
        functions: as in `PlainModule`.
    """
    members = {"linear": f"nn.Linear({layer.in_features}, {layer.out_features})"}
    weights = {"linear.weight": layer.weight, "linear.bias": layer.bias}
    return PlainModule(expression, members, weights=weights, functions=functions)


@runtime_checkable
class ExportableModule(Protocol):
    """A module that can be exported. T time, B batch."""

    def to_onnx(self, nodes: OnnxNodes, x: str, lengths: str | None) -> str:
        """Add the nodes of the module in evaluation mode, and return the name of its output.

        Args:
            nodes: the graph.
            x: the name of its input, the first axis of which is T and the second B.
            lengths: the name of the valid steps (B,) of each sequence, int64; None if all sequences have T.
        """

    def to_plain(self) -> PlainModule:
        """Return the module in evaluation mode as code that needs torch alone."""
