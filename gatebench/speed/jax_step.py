"""A training step of a cell in JAX, compiled by XLA for the CPU: the rival `jax`. It runs in a process of its own.

JAX is imported when a step is prepared, and is an optional package.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from gatebench.speed.jax_source import JaxSource, jax_source
from gatebench.speed.layer_case import LayerCase, StepResult


class JaxStep:
    """The training step of a case in float32, compiled by XLA.

    The weights that multiply the same operand are stacked into one matrix before the step, as in torch's modules.

    Attributes:
        compile_seconds: the seconds that XLA took to compile the training step; they are in no measured time.

    Args:
        case: the cell, the sizes and all values.
    """

    def __init__(self, case: LayerCase) -> None:
        import jax

        jax.config.update("jax_platforms", "cpu")
        jax.config.update("jax_cpu_enable_async_dispatch", False)  # XLA then computes in this thread
        self._jax, self._case = jax, case
        self._source = jax_source(case.cell)
        namespace: dict[str, Any] = {}
        exec(compile(self._source.text, f"<{case.cell.name} in JAX>", "exec"), namespace)
        self._forward = namespace["forward"]
        stacked = [torch.cat([case.weights[name] for name in names]).mT for names in self._source.matrices]
        self._weights = _arrays(stacked), _arrays([case.weights[name] for name in self._source.vectors])
        self._x, self._state = _array(case.x), _arrays(case.initial_state)
        self._output_gradient = _array(case.output_gradient)
        start = time.perf_counter()
        self._compiled = jax.jit(self._step).lower(self._weights, self._x, self._state, self._output_gradient).compile()
        self.compile_seconds = time.perf_counter() - start

    def run(self) -> None:
        """Run a training step, and wait for its results."""
        results = self._compiled(self._weights, self._x, self._state, self._output_gradient)
        self._jax.block_until_ready(results)

    def result(self) -> StepResult:
        """Return all results of a training step, including the gradients of the initial state."""
        memory = self._case.cell.memory
        (output, final), pull_back = self._jax.vjp(self._jax.jit(self._layer), self._weights, self._x, self._state)
        incoming = self._output_gradient, _arrays(self._case.state_gradients)
        (matrices, vectors), x, state = pull_back(incoming)
        values = {"output": output} | {f"final {m}": value for m, value in zip(memory, final, strict=True)}
        values |= {"gradient of x": x}
        values |= {f"gradient of initial {m}": value for m, value in zip(memory, state, strict=True)}
        gradients = _weight_gradients(self._source, self._case.weights, matrices, vectors)
        return StepResult({name: _tensor(value) for name, value in values.items()} | gradients)

    def _layer(self, weights: Any, x: Any, state: Any) -> Any:
        """Return the output and the final state."""
        return self._forward(*weights, x, state)

    def _step(self, weights: Any, x: Any, state: Any, output_gradient: Any) -> Any:
        """Return the output and the gradients of the weights and of x."""
        output, pull_back = self._jax.vjp(lambda weights, x: self._layer(weights, x, state)[0], weights, x)
        return output, pull_back(output_gradient)


def _weight_gradients(
    source: JaxSource, weights: Mapping[str, Tensor], matrices: Any, vectors: Any
) -> dict[str, Tensor]:
    """Return the gradients of all weights, by names such as "gradient of W.i".

    The gradient of a matrix that occurs in several products is the sum over them. It is zero if a weight is in none.
    """
    found = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    for names, stacked in zip(source.matrices, matrices, strict=True):
        parts = torch.split(_tensor(stacked).mT, [len(weights[name]) for name in names])
        for name, part in zip(names, parts, strict=True):
            found[name] += part
    for name, vector in zip(source.vectors, vectors, strict=True):
        found[name] += _tensor(vector)
    return {f"gradient of {name}": gradient for name, gradient in found.items()}


def _arrays(tensors: Any) -> tuple[Any, ...]:
    return tuple(map(_array, tensors))


def _array(tensor: Tensor) -> Any:
    """Return a copy of a tensor as an array of JAX."""
    from jax import numpy

    return numpy.array(tensor.numpy(), dtype="float32")


def _tensor(array: Any) -> Tensor:
    """Return a copy of an array of JAX as a tensor."""
    import numpy

    return torch.from_numpy(numpy.array(array))
