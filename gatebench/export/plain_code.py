"""Encoders and heads as code that needs torch alone."""

from collections.abc import Mapping
from typing import TypeVar

from torch import nn

from gatebench.export.module_nodes import not_exportable
from gatebench.module_export import ExportableModule, PlainModule

Value = TypeVar("Value")


def plain_module(module: nn.Module) -> PlainModule:
    """Return a module in evaluation mode as code.

    Args:
        module: a module with the method `to_plain`, or one of torch's Identity, Dropout, Sequential, Linear, Embedding.

    Raises:
        UserError: it is another module.
    """
    if isinstance(module, ExportableModule):
        return module.to_plain()
    if isinstance(module, nn.Identity | nn.Dropout):
        return PlainModule("{x}")
    if isinstance(module, nn.Sequential):
        return _in_sequence(module)
    if isinstance(module, nn.Embedding) and module.max_norm is None:
        members = {"embedding": f"nn.Embedding({module.num_embeddings}, {module.embedding_dim})"}
        return PlainModule("{self}embedding({x})", members, weights={"embedding.weight": module.weight})
    if isinstance(module, nn.Linear) and module.bias is not None:
        members = {"linear": f"nn.Linear({module.in_features}, {module.out_features})"}
        weights = {"linear.weight": module.weight, "linear.bias": module.bias}
        return PlainModule("{self}linear({x})", members, weights=weights)
    raise not_exportable(module)


def _in_sequence(modules: nn.Sequential) -> PlainModule:
    """Return modules that read one another as one module. Their members have the number of the module before them."""
    whole = PlainModule("{x}")
    for number, module in enumerate(modules):
        part = plain_module(module)
        prefix = f"{number}_"
        own = part.expression.replace("{self}", f"{{self}}{prefix}")
        whole = PlainModule(
            own.replace("{x}", f"{whole.expression}"),
            {**whole.members, **_prefixed(prefix, part.members)},
            {**whole.buffers, **_prefixed(prefix, part.buffers)},
            {**whole.weights, **_prefixed(prefix, part.weights)},
            (*whole.functions, *part.functions),
        )
    return whole


def _prefixed(prefix: str, values: Mapping[str, Value]) -> dict[str, Value]:
    return {f"{prefix}{name}": value for name, value in values.items()}
