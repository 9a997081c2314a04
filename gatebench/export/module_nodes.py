"""The encoder and the head of a task in ONNX."""

from torch import nn

from gatebench.errors import UserError
from gatebench.export.onnx_nodes import OnnxGraph
from gatebench.module_export import ExportableModule


def module_nodes(graph: OnnxGraph, module: nn.Module, x: str, lengths: str | None) -> str:
    """Add the nodes of a module in evaluation mode, and return the name of its output.

    Args:
        graph: the graph.
        module: a module with the method `to_onnx`, or one of torch's Identity, Dropout, Sequential, Linear, Embedding.
        x: the name of its input.
        lengths: the name of the valid steps (B,) of each sequence; None if all sequences have T.

    Raises:
        UserError: it is another module.
    """
    if isinstance(module, ExportableModule):
        return module.to_onnx(graph, x, lengths)
    if isinstance(module, nn.Identity | nn.Dropout):
        return x
    if isinstance(module, nn.Sequential):
        for part in module:
            x = module_nodes(graph, part, x, lengths)
        return x
    if isinstance(module, nn.Embedding) and module.max_norm is None:
        return graph.add("Gather", graph.weight(module.weight), x)
    if isinstance(module, nn.Linear) and module.bias is not None:
        return graph.linear(x, module.weight, module.bias)
    raise not_exportable(module)


def not_exportable(module: nn.Module) -> UserError:
    """Return the error for a module that cannot be exported."""
    return UserError(
        f"The module {type(module).__name__} of this task cannot be exported; it needs the methods to_onnx and "
        "to_plain of gatebench.module_export."
    )
