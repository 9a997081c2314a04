"""The weights of one layer: their names and shapes, and their initial values.

All random initial values come from a generator that the caller seeds.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Generator, Tensor, nn

from gatebench.derive.cost import shapes
from gatebench.errors import UserError
from gatebench.spec.cell import Cell
from gatebench.spec.initial_rules import Bias, negated_gate, weight_rule

_MATRIX_RULES: Mapping[str, Callable[..., Tensor]] = {
    "orthogonal": nn.init.orthogonal_,
    "xavier_normal": nn.init.xavier_normal_,
    "xavier_uniform": nn.init.xavier_uniform_,
}
"""{word of a rule: function of torch that fills a matrix}."""


def empty_weights(
    cell: Cell,
    I: int,  # noqa: E741
    H: int,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
) -> nn.ParameterDict:
    """Return the weights of one layer in one direction, without initial values. `by_name` reads them.

    Args:
        cell: the table.
        I: number of inputs.
        H: number of hidden units.
        device: of the weights; torch's default if None.
        dtype: of the weights; torch's default if None.

    Raises:
        UserError: the cell needs I = H, or two of its weights would get the same name in torch.
    """
    if cell.definitions.square and I != H:
        raise UserError(
            f"{cell.name} adds its input to hidden units, so it needs I = H; here I = {I} and H = {H}. In a trial, "
            "model.embed_input=true maps the input to H values."
        )
    wanted = {_attribute(name): shape for name, shape in shapes(cell, I, H).items()}
    if len(wanted) < len(cell.parameters):
        raise UserError(f"{cell.name} has weights that would share a name; call its gates by letters without _.")
    empty = {name: nn.Parameter(torch.empty(shape, device=device, dtype=dtype)) for name, shape in wanted.items()}
    return nn.ParameterDict(empty)


def by_name(cell: Cell, held: nn.Module) -> dict[str, Tensor]:
    """Return the weights that `empty_weights` made, by the table's names: {"W.f": (H, I), "b.f": (H,), …}."""
    return weights_in(attributes(cell), held)


def attributes(cell: Cell) -> dict[str, str]:
    """Return {name of a weight: name of its attribute} of a cell: {"W.f": "W_f", …}."""
    return {name: _attribute(name) for name in cell.parameters}


def weights_in(names: Mapping[str, str], held: nn.Module) -> dict[str, Tensor]:
    """Return weights by name.

    Args:
        names: {name of a weight: name of its attribute}.
        held: the module whose attributes they are.
    """
    # `getattr` finds all weights, but it takes most of the time of this function. It remains for weights that torch
    # computes from others, for example those with a parametrization.
    own = held._parameters
    return {
        name: own[attribute] if attribute in own else getattr(held, attribute)  # type: ignore[misc]
        for name, attribute in names.items()
    }


def _attribute(name: str) -> str:
    return name.replace(".", "_")  # torch allows no dot in a parameter's name


@torch.no_grad()
def initialise_weights(
    cell: Cell,
    weights: Mapping[str, Tensor],
    hidden_size: int,
    generator: Generator,
    steps: int | None = None,
    rules: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Set the initial weights of one layer, in place.

    Matrices W, R and vectors p follow the cell's rule for their letter, else the network's. Without a rule they are
    uniform in ±1/√H, as in `torch.nn.LSTM`. A bias b follows the rule of its gate. The second bias d is 0.

    Args:
        cell: the table.
        weights: by the table's names, e.g. "W.f": (H, I).
        hidden_size: H.
        generator: the source of randomness.
        steps: the longest T of the task, for "chrono" biases.
        rules: {letter: rule} of the network, see `gatebench.spec.initial_rules.network_rules`.

    Raises:
        UserError: a bias is "chrono", and steps is None or less than 2.
    """
    # Weights are drawn in the order of their names. So two cells with the same equations get the same initial weights
    # from the same seed, in whatever order their tables list the gates.
    for name in sorted(weights):
        letter = name[0]
        if letter == "d":
            weights[name].zero_()
        elif letter != "b":
            _fill(weights[name], cell.start.get(letter, rules.get(letter, "uniform")), hidden_size, generator)
    biases = {gate: row.bias for gate, row in sorted(cell.gates.items()) if f"b.{gate}" in weights}
    for gate in sorted(biases, key=lambda gate: negated_gate(biases[gate]) is not None):
        _start_bias(weights[f"b.{gate}"], biases[gate], weights, generator, steps)


def _fill(weight: Tensor, rule: str, hidden_size: int, generator: Generator) -> None:
    """Draw a matrix or vector by its rule, see `gatebench.spec.initial_rules.weight_rule`."""
    word, numbers = weight_rule(rule)
    if word in _MATRIX_RULES and weight.dim() != 2:
        word = "uniform"
    match word, numbers:
        case "uniform", ():
            bound = 1 / math.sqrt(hidden_size)
            weight.uniform_(-bound, bound, generator=generator)
        case "uniform", (low, high):
            weight.uniform_(low, high, generator=generator)
        case "normal", (deviation,):
            weight.normal_(0.0, deviation, generator=generator)
        case "identity", ():
            torch.nn.init.eye_(weight) if weight.dim() == 2 else weight.fill_(1.0)
        case _:
            _MATRIX_RULES[word](weight, generator=generator)


def _start_bias(b: Tensor, rule: Bias, weights: Mapping[str, Tensor], generator: Generator, steps: int | None) -> None:
    """Set the initial bias b (H,) of one gate.

    A "chrono" bias is log u with u uniform in [1, T - 1] (Tallec & Ollivier 2018, arXiv 1804.11188, section 2). A
    negated_gate bias is the negative of another gate's bias, which has its value already. A number fills b.
    """
    if rule == "chrono":
        if steps is None or steps < 2:
            raise UserError("A chrono bias needs the longest sequence length, steps=T of at least 2.")
        b.uniform_(1.0, steps - 1.0, generator=generator).log_()
    elif (other := negated_gate(rule)) is not None:
        b.copy_(-weights[f"b.{other}"])
    elif isinstance(rule, float):
        b.fill_(rule)
