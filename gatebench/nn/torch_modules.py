"""Conversion from and to `torch.nn.LSTM`, `GRU` and `RNN`, for the cells that have exactly their equations.

The names and the order of torch's weights are those of its documentation: torch.nn.LSTM, section "Variables".
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gatebench.backends.native import KERNELS, stacked, unstacked
from gatebench.backends.selective import torch_cell
from gatebench.cells import BASES
from gatebench.errors import UserError
from gatebench.nn.recurrent import Recurrent

MODULES: dict[str, tuple[Callable[..., nn.RNNBase], dict[str, str]]] = {
    "lstm": (nn.LSTM, {}),
    "gru": (nn.GRU, {}),
    "rnn_tanh": (nn.RNN, {"nonlinearity": "tanh"}),
    "rnn_relu": (nn.RNN, {"nonlinearity": "relu"}),
}
"""By the name of the kernel: torch's class, and the arguments with which it is this cell."""

TORCH_WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
"""How torch's names of the weights of a layer begin: (G · H, I), (G · H, H), (G · H,), (G · H,)."""


def from_torch(module: nn.RNNBase) -> Recurrent:
    """Return the layers that compute the same function as torch's module, with a copy of its weights.

    Torch adds two biases to each gate. A cell has one, their sum; only the gate n of the GRU keeps both, because the
    reset gate multiplies the second.

    Args:
        module: a `torch.nn.LSTM`, `GRU` or `RNN`, not of a subclass.

    Raises:
        UserError: the module has no biases, has proj_size, or is of another class.
    """
    name = _kernel_of(module)
    if not module.bias:
        raise UserError("A torch module with bias=False cannot be converted; gatebench's cells have biases.")
    if module.proj_size:
        raise UserError(f"A torch module with proj_size={module.proj_size} cannot be converted; no cell projects.")
    first_weight = next(module.parameters())
    layer = Recurrent(
        BASES[name],
        module.input_size,
        module.hidden_size,
        module.num_layers,
        batch_first=module.batch_first,
        bidirectional=module.bidirectional,
        dropout=module.dropout,
        generator=torch.Generator(),  # a new one: a conversion must not change the state of torch's global generator
        device=first_weight.device,
        dtype=first_weight.dtype,
    )
    with torch.no_grad():
        for (number, reverse), suffix in _suffixes(layer):
            torch_weights = [getattr(module, f"{prefix}_{suffix}") for prefix in TORCH_WEIGHTS]
            cell_weights = unstacked(KERNELS[name], torch_weights)
            for weight_name, weight in layer.gate_parameters(number, reverse).items():
                weight.copy_(cell_weights[weight_name])
    return layer.train(module.training)


def to_torch(layer: Recurrent) -> nn.RNNBase:
    """Return the module of torch that computes the same function as the layers, with a copy of their weights.

    Torch adds two biases to each gate. If the cell has one bias for a gate, torch's second bias is 0.

    Args:
        layer: layers of a cell with the equations of the LSTM, the GRU or the RNN of torch.

    Raises:
        UserError: the cell has other equations.
    """
    name = torch_cell(layer.cell.definitions)
    if name is None:
        raise UserError(f"torch.nn has exactly {', '.join(MODULES)}; {layer.cell.name} has other equations.")
    module_class, arguments = MODULES[name]
    first_weight = next(layer.parameters())
    empty = module_class(
        layer.input_size,
        layer.hidden_size,
        layer.num_layers,
        batch_first=layer.batch_first,
        bidirectional=layer.bidirectional,
        dropout=layer.dropout,
        device="meta",  # no initial values are drawn: the weights are copied below
        dtype=first_weight.dtype,
        **arguments,
    )
    module = empty.to_empty(device=first_weight.device)
    with torch.no_grad():
        for (number, reverse), suffix in _suffixes(layer):
            torch_weights = stacked(KERNELS[name], layer.gate_parameters(number, reverse))
            for prefix, values in zip(TORCH_WEIGHTS, torch_weights, strict=True):
                weight: Tensor = getattr(module, f"{prefix}_{suffix}")
                weight.copy_(values)
    return module.train(layer.training)


def _kernel_of(module: nn.RNNBase) -> str:
    """Return the key in `MODULES` of a module's class and arguments; raise `UserError` if there is none."""
    arguments = {"nonlinearity": module.nonlinearity} if isinstance(module, nn.RNN) else {}
    for name, known in MODULES.items():
        if known == (type(module), arguments):
            return name
    raise UserError(f"A {type(module).__name__} cannot be converted; only torch.nn's LSTM, GRU and RNN.")


def _suffixes(layer: Recurrent) -> list[tuple[tuple[int, bool], str]]:
    """Return ((layer, reverse), ending of torch's names: "l0", "l0_reverse", …) for each layer and direction."""
    directions = [(False, ""), (True, "_reverse")][: layer.directions]
    return [((n, reverse), f"l{n}{ending}") for n in range(layer.num_layers) for reverse, ending in directions]
