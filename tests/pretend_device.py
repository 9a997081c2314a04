"""A pretended GPU: tensors that compute on the CPU, say that they lie on `cuda:0`, and report what would wait for it.

A program that runs on a GPU waits for it if it reads a value (`item`, `bool`, `tolist`), copies a tensor to the CPU,
asks for a result whose shape depends on values (`nonzero`, an index of truth values), or copies to the GPU without
`non_blocking`. None of this can be seen on a CPU. With pretended tensors each of these operations is recorded with the
line of the program that asked for it. A mix of both devices is an error, as on a real GPU.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten, tree_map

from tests.paths import ROOT

DEVICE = torch.device("cuda", 0)

aten = torch.ops.aten

_OF_VALUES = {
    aten._local_scalar_dense,
    aten.is_nonzero,
    aten.nonzero,
    aten.masked_select,
    aten._unique2,
    aten.unique_dim,
    aten.unique_consecutive,
    aten.bincount,
    aten.equal,
}
"""The operations whose result depends on values in a way that the CPU has to know."""

_INDEXED = {aten.index, aten.index_put, aten.index_put_, aten._index_put_impl_, aten._unsafe_index}

_waits: list[str] = []


class Pretended(Tensor):
    """A tensor that says that it lies on the GPU. `held` is the tensor on the CPU with its values."""

    held: Tensor
    device = property(lambda _: DEVICE)
    is_cuda = property(lambda _: True)
    is_cpu = property(lambda _: False)

    @staticmethod
    def __new__(cls, inner: Tensor) -> Pretended:
        made: Pretended = Tensor._make_wrapper_subclass(
            cls, inner.size(), strides=inner.stride(), storage_offset=inner.storage_offset(), dtype=inner.dtype
        )
        made.held = inner.detach()
        return made

    def __repr__(self, **_: Any) -> str:  # type: ignore[override]
        return f"Pretended({self.held!r})"

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return _run(func, args, kwargs or {})


class _Calls(TorchFunctionMode):
    """Makes pretended tensors where a program asks for tensors on the GPU, and plain ones where it asks for the CPU."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func is Tensor.pin_memory:
            return args[0]
        if func in (Tensor.tolist, Tensor.numpy, Tensor.cpu) and isinstance(args[0], Pretended):
            _record("a copy to the CPU")
            return func(args[0].held, *args[1:], **kwargs)
        if func in (Tensor.to, Tensor.cuda):
            return _to(func, args, kwargs)
        if _is_gpu(kwargs.get("device")) and not isinstance(args[0], Pretended):
            if func in (torch.tensor, torch.as_tensor):
                _record("a copy of a number to the GPU")
            return Pretended(func(*args, **{**kwargs, "device": "cpu"}))
        if func is Tensor.new_tensor and isinstance(args[0], Pretended):
            _record("a copy of a number to the GPU")
        return func(*args, **kwargs)


def _to(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Convert a tensor with `Tensor.to`, and move it between the devices."""
    x, *rest = args
    others = [*rest, *kwargs.values()]
    asked = [one.device if isinstance(one, Tensor) else one for one in others]
    devices = [torch.device(one) for one in asked if isinstance(one, str | torch.device)]
    dtypes = [one.dtype if isinstance(one, Tensor) else one for one in others]
    dtype = next((one for one in dtypes if isinstance(one, torch.dtype)), x.dtype)
    to_gpu = devices[0].type == "cuda" if devices else isinstance(x, Pretended)
    if func is Tensor.cuda:
        to_gpu = True
    converted = Tensor.to(x, dtype, copy=bool(kwargs.get("copy")))
    if to_gpu == isinstance(x, Pretended):
        return converted
    if not to_gpu:
        _record("a copy to the CPU")
        assert isinstance(converted, Pretended)
        return converted.held
    if not kwargs.get("non_blocking"):
        _record("a copy to the GPU that is not non_blocking")
    return Pretended(converted)


@contextmanager
def pretended_gpu() -> Iterator[list[str]]:
    """Pretend that there is a GPU in the block. The value lists the operations that wait for it."""
    _waits.clear()
    with _Calls():
        yield _waits


def moved(module: nn.Module) -> None:
    """Replace the parameters and buffers of a module by pretended ones."""
    for part in module.modules():
        for name, weight in part._parameters.items():
            if weight is not None and not isinstance(weight, Pretended):
                part._parameters[name] = nn.Parameter(Pretended(weight.detach()), requires_grad=weight.requires_grad)
        for name, values in part._buffers.items():
            if values is not None and not isinstance(values, Pretended):
                part._buffers[name] = Pretended(values)


def _is_gpu(device: object) -> bool:
    return isinstance(device, str | torch.device) and torch.device(device).type == "cuda"


def _record(what: str) -> None:
    """Note an operation, and the line of the program below the root that asked for it."""
    places = [(frame.filename.removeprefix(f"{ROOT}/"), frame.line) for frame in traceback.extract_stack()]
    own = [(file, line) for file, line in places if not file.startswith(("/", "tests/", ".venv/"))]
    where = "{}: {}".format(*own[-1]) if own else "the test"
    _waits.append(f"{what} in {where}")


def _run(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Run an operation on the tensors within, and pretend that its results lie on the GPU."""
    packet = func.overloadpacket
    given = [one for one in tree_flatten((args, kwargs))[0] if isinstance(one, Tensor)]
    has_plain = any(not isinstance(one, Pretended) and one.dim() for one in given)
    if packet in _OF_VALUES:
        _record(packet.__name__)
    elif packet in _INDEXED:
        indices = [one for one in args[1] if isinstance(one, Tensor)]
        if any(one.dtype in (torch.bool, torch.uint8) for one in indices):
            _record("an index of truth values")
        elif any(not isinstance(one, Pretended) for one in indices):
            _record("an index that lies on the CPU")
    elif packet is aten.copy_ and has_plain:
        if not isinstance(args[0], Pretended):
            _record("a copy to the CPU")
        elif not (len(args) > 2 and args[2]) and not kwargs.get("non_blocking"):
            _record("a copy to the GPU that is not non_blocking")
    elif has_plain:
        raise RuntimeError(f"{func} has tensors on two devices")
    kwargs = {name: "cpu" if name == "device" and _is_gpu(value) else value for name, value in kwargs.items()}
    found = func(*tree_map(_within, args), **tree_map(_within, kwargs))
    changed = {id(one.held): one for one in given if isinstance(one, Pretended)}
    plain = {id(one) for one in given if not isinstance(one, Pretended)}

    def pretended(value: Any) -> Any:
        if not isinstance(value, Tensor) or id(value) in plain:
            return value
        return changed[id(value)] if id(value) in changed else Pretended(value)

    return tree_map(pretended, found)


def _within(value: Any) -> Any:
    return value.held if isinstance(value, Pretended) else value
