"""From and to `torch.nn.LSTM`, `GRU` and `RNN`, for the cells that are exactly those."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gatebench.backends.native import KERNELS, kernel_name, stacked, unstacked
from gatebench.cells import BASES
from gatebench.errors import UserError
from gatebench.nn.recurrent import Recurrent

MODULES: dict[str, tuple[Callable[..., nn.RNNBase], dict[str, str]]] = {
    "lstm": (nn.LSTM, {}),
    "gru": (nn.GRU, {}),
    "rnn_tanh": (nn.RNN, {"nonlinearity": "tanh"}),
    "rnn_relu": (nn.RNN, {"nonlinearity": "relu"}),
}
"""By kernel: torch's class, and the arguments that make it this cell."""

FLAT = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def from_torch(module: nn.RNNBase) -> Recurrent:
    """Return the layer that computes what torch's module does, with a copy of its weights.

    Torch's two biases become one where the equations have one.

    Raises:
        UserError: the module has no biases, projects its states, or is none of torch's three.
    """
    name = _name(module)
    if not module.bias:
        raise UserError("A torch module with bias=False cannot be converted; gatebench's cells have biases.")
    if module.proj_size:
        raise UserError(f"A torch module with proj_size={module.proj_size} cannot be converted; no cell projects.")
    like = next(module.parameters())
    layer = Recurrent(
        BASES[name],
        module.input_size,
        module.hidden_size,
        module.num_layers,
        batch_first=module.batch_first,
        bidirectional=module.bidirectional,
        dropout=module.dropout,
        generator=torch.Generator(),  # of its own: a conversion draws nothing from the caller's randomness
        device=like.device,
        dtype=like.dtype,
    )
    with torch.no_grad():
        for number, suffix in _suffixes(layer):
            theirs = unstacked(KERNELS[name], [getattr(module, f"{flat}_{suffix}") for flat in FLAT])
            for ours, weight in layer.gate_parameters(*number).items():
                weight.copy_(theirs[ours])
    return layer.train(module.training)


def to_torch(layer: Recurrent) -> nn.RNNBase:
    """Return torch's module that computes what the layer does, with a copy of its weights.

    Where torch adds two biases and the equations have one, the second is 0.

    Raises:
        UserError: the cell is not exactly one of torch's.
    """
    name = kernel_name(layer.cell.definitions)
    if name is None:
        raise UserError(f"torch.nn has exactly {', '.join(MODULES)}; {layer.cell.name} has other equations.")
    kind, special = MODULES[name]
    like = next(layer.parameters())
    empty = kind(
        layer.input_size,
        layer.hidden_size,
        layer.num_layers,
        batch_first=layer.batch_first,
        bidirectional=layer.bidirectional,
        dropout=layer.dropout,
        device="meta",  # so that nothing is drawn for weights that are written over
        dtype=like.dtype,
        **special,
    )
    module = empty.to_empty(device=like.device)
    with torch.no_grad():
        for number, suffix in _suffixes(layer):
            for flat, ours in zip(FLAT, stacked(KERNELS[name], layer.gate_parameters(*number)), strict=True):
                theirs: Tensor = getattr(module, f"{flat}_{suffix}")
                theirs.copy_(ours)
    return module.train(layer.training)


def _name(module: nn.RNNBase) -> str:
    special = {"nonlinearity": module.nonlinearity} if isinstance(module, nn.RNN) else {}
    found = next((name for name, known in MODULES.items() if known == (type(module), special)), None)
    if found is None:
        raise UserError(f"A {type(module).__name__} cannot be converted; only torch.nn's LSTM, GRU and RNN.")
    return found


def _suffixes(layer: Recurrent) -> list[tuple[tuple[int, bool], str]]:
    """Return (layer, reverse) of every pass, with how torch's names of its weights end."""
    directions = [(False, ""), (True, "_reverse")][: layer.directions]
    return [((n, reverse), f"l{n}{end}") for n in range(layer.num_layers) for reverse, end in directions]
