"""A graph of ONNX under construction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from torch import Tensor

OPSET = 17
"""The version of ONNX's operators, from 2022, which other programs can read, too."""


class OnnxGraph:
    """A graph under construction. The body of a loop is a graph of its own, which reads constants of the outer graph.

    Args:
        dtype: the dtype of the weights.
        outer: the graph around this one; None for the main graph.
    """

    def __init__(self, dtype: np.dtype[Any], outer: OnnxGraph | None = None) -> None:
        self.dtype = dtype
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = [] if outer is None else outer.constants
        self._numbers: Iterator[int] = count() if outer is None else outer._numbers

    @property
    def element_type(self) -> int:
        """ONNX's number of the dtype of the weights."""
        return int(helper.np_dtype_to_tensor_dtype(self.dtype))

    def body(self) -> OnnxGraph:
        """Return a new graph inside of this one."""
        return OnnxGraph(self.dtype, self)

    def new_name(self) -> str:
        """Return a name that no other value has."""
        return f"v{next(self._numbers)}"

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output and return the name of the output."""
        return self.add_many(op, inputs, 1, **attributes)[0]

    def add_many(self, op: str, inputs: Sequence[str], outputs: int, **attributes: Any) -> list[str]:
        """Add a node and return the names of its outputs."""
        names = [self.new_name() for _ in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, **attributes))
        return names

    def constant(self, value: NDArray[Any] | float) -> str:
        """Return the name of a constant. A float has the dtype of the weights."""
        array = np.asarray(value, self.dtype) if isinstance(value, float) else np.asarray(value)
        name = self.new_name()
        self.constants.append(numpy_helper.from_array(array.copy(order="C"), name))
        return name

    def weight(self, values: Tensor) -> str:
        """Return the name of a constant with the values of a tensor."""
        return self.constant(values.detach().cpu().numpy())

    def linear(self, x: str, weight: Tensor, bias: Tensor) -> str:
        """Return the name of x @ weight.T + bias."""
        return self.add("Add", self.add("MatMul", x, self.weight(weight.mT)), self.weight(bias))

    def size(self, x: str, axis: int) -> str:
        """Return the name of the size of an axis, a tensor (1,)."""
        return self.add("Shape", x, start=axis, end=axis + 1)
