"""A trained network around `torch.nn.LSTM`, `GRU` or `RNN`: its weights, and a Python file that needs torch alone."""

import inspect
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from gatebench.export.plain_code import plain_module
from gatebench.export.supported import check_network
from gatebench.module_export import PlainModule
from gatebench.nn.torch_modules import to_torch
from gatebench.task import Batch
from gatebench.training.network import Network

_FILE = '''\
"""{title}

    network = load("{weights}")
    logits = network(x)

x is (T, B, ...) with T steps and B sequences. `lengths` (B,) on the CPU are the valid steps of each sequence,
at least 1.
"""

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
{functions}

class Network(nn.Module):
    """Encoder, recurrent layers and head."""

    def __init__(self) -> None:
        super().__init__()
{members}

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the logits of sequences."""
        x = {encoder}
        if lengths is None:
            output, _ = self.recurrent(x)
        else:
            packed, _ = self.recurrent(pack_padded_sequence(x, lengths, enforce_sorted=False))
            output, _ = pad_packed_sequence(packed, total_length=len(x))
        return {head}


def load(path: str) -> Network:
    """Return the trained network, with the weights of a safetensors file."""
    network = Network()
    network.load_state_dict(load_file(path))
    return network.eval()
'''


@dataclass(frozen=True)
class PlainTorch:
    """A network as two files.

    Attributes:
        code: the Python file.
        weights: the safetensors file.
    """

    code: str
    weights: bytes


def plain_torch(network: Network, title: str, weights_name: str) -> PlainTorch:
    """Return a network as modules of plain torch.

    Args:
        network: the trained network, in evaluation mode.
        title: the first line of the Python file.
        weights_name: the name of the safetensors file, which the Python file mentions.

    Raises:
        UserError: the cell has other equations than torch's modules, the encoder or the head cannot be exported, or the
            network has a body of its own.
    """
    check_network(network)
    recurrent = to_torch(network.recurrent)
    parts = {"encoder": plain_module(network.encoder), "head": plain_module(network.head)}
    members = [f"self.recurrent = {_constructor(recurrent)}"]
    state = {f"recurrent.{name}": values for name, values in recurrent.state_dict().items()}
    for name, part in parts.items():
        members += [f"self.{name}_{member} = {code}" for member, code in part.members.items()]
        members += [_buffer(f"{name}_{buffer}", values) for buffer, values in part.buffers.items()]
        state |= {f"{name}_{key}": values for key, values in (*part.weights.items(), *part.buffers.items())}
    code = _FILE.format(
        title=_docstring_text(title),
        weights=_docstring_text(weights_name),
        functions=_functions(parts.values()),
        members=textwrap.indent("\n".join(members), " " * 8),
        encoder=_expression(parts["encoder"], "encoder", "x"),
        head=_expression(parts["head"], "head", "output"),
    )
    return PlainTorch(code, save({name: values.detach().cpu().contiguous() for name, values in state.items()}))


def largest_plain_difference(files: PlainTorch, network: Network, batches: Iterable[Batch]) -> float:
    """Return the largest difference between the logits of the two files and those of the network.

    Logits of more than 1 are compared relative to the largest one of the batch.

    Args:
        files: the files of the network, from `plain_torch`.
        network: the network, in evaluation mode.
        batches: the inputs.
    """
    names: dict[str, type[nn.Module]] = {}
    exec(compile(files.code, "exported network", "exec"), names)  # the code is that of `plain_torch`
    plain = names["Network"]()
    plain.load_state_dict(load(files.weights))
    plain.eval()
    largest = 0.0
    for batch in batches:
        with torch.no_grad():
            found, expected = plain(batch.x, batch.lengths), network(batch)
        scale = max(1.0, float(expected.abs().max()))
        difference = float((found - expected).abs().max()) / scale if found.shape == expected.shape else float("nan")
        largest = max(largest, difference if difference == difference else float("inf"))
    return largest


def _constructor(module: nn.RNNBase) -> str:
    """Return the code that makes a recurrent module of torch without its weights."""
    relu = ', nonlinearity="relu"' if isinstance(module, nn.RNN) and module.nonlinearity == "relu" else ""
    bidirectional = ", bidirectional=True" if module.bidirectional else ""
    layers = f", num_layers={module.num_layers}" if module.num_layers > 1 else ""
    return f"nn.{type(module).__name__}({module.input_size}, {module.hidden_size}{layers}{bidirectional}{relu})"


def _buffer(name: str, values: Tensor) -> str:
    return f'self.register_buffer("{name}", torch.empty({tuple(values.shape)}))'


def _expression(part: PlainModule, name: str, read: str) -> str:
    return part.expression.replace("{self}", f"self.{name}_").replace("{x}", read)


def _functions(parts: Iterable[PlainModule]) -> str:
    """Return the source of the functions that the modules call."""
    functions = dict.fromkeys(function for part in parts for function in part.functions)
    return "".join(f"\n\n{inspect.getsource(function)}" for function in functions)


def _docstring_text(text: str) -> str:
    """Return a text as one line that cannot end a docstring."""
    kept = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(kept.replace("\\", "/").replace('"', "'").split())
