"""How weights start. Every rule draws from a generator that the caller seeds."""

import math
from collections.abc import Mapping

import torch
from torch import Generator, Tensor

from gatebench.errors import UserError
from gatebench.gate import Bias
from gatebench.spec import Cell


@torch.no_grad()
def start_weights(
    cell: Cell, weights: Mapping[str, Tensor], hidden_size: int, generator: Generator, steps: int | None = None
) -> None:
    """Fill the weights of one layer in place.

    Matrices and vectors are uniform in ±1/√H (as in `torch.nn.LSTM`) unless `cell.start` gives a rule for their letter;
    biases follow their gate; d starts at 0.

    Args:
        cell: the table.
        weights: by the table's names.
        hidden_size: H.
        generator: the source of randomness.
        steps: the longest T of the task, for "chrono" biases.

    Raises:
        UserError: a rule is unknown, or needs `steps` and has none.
    """
    gates = sorted(cell.gates, key=lambda g: isinstance(bias := cell.gates[g].bias, str) and bias.startswith("-"))
    for name, weight in weights.items():
        letter = name.partition(".")[0]
        if letter == "d":
            weight.zero_()
        elif letter != "b":
            _fill(weight, cell.start.get(letter, "uniform"), hidden_size, generator)
    for gate in gates:
        if f"b.{gate}" in weights:
            _start_bias(weights[f"b.{gate}"], cell.gates[gate].bias, weights, generator, steps)


def _fill(weight: Tensor, rule: str, hidden_size: int, generator: Generator) -> None:
    match rule.split():
        case ["uniform"]:
            bound = 1 / math.sqrt(hidden_size)
            weight.uniform_(-bound, bound, generator=generator)
        case ["identity"]:
            torch.nn.init.eye_(weight) if weight.dim() == 2 else weight.fill_(1.0)
        case ["normal", deviation]:
            weight.normal_(0.0, float(deviation), generator=generator)
        case ["uniform", low, high]:
            weight.uniform_(float(low), float(high), generator=generator)
        case _:
            raise UserError(f"There is no start rule {rule!r}; allowed: uniform, uniform LOW HIGH, identity, normal DEVIATION.")


def _start_bias(b: Tensor, rule: Bias, weights: Mapping[str, Tensor], generator: Generator, steps: int | None) -> None:
    """Fill b (H,). Chrono: b = log u, u uniform in [1, T - 1] (Tallec & Ollivier 2018, arXiv 1804.11188, section 2)."""
    if rule == "chrono":
        if steps is None or steps < 2:
            raise UserError("A chrono bias needs the longest sequence length, steps=T of at least 2.")
        b.uniform_(1.0, max(1.0, steps - 1.0), generator=generator).log_()
    elif isinstance(rule, str):
        other = f"b.{rule.removeprefix('-')}"
        if not rule.startswith("-") or other not in weights:
            raise UserError(f"There is no bias rule {rule!r}; allowed: a number, chrono, or -GATE for minus another gate's bias.")
        b.copy_(-weights[other])
    else:
        b.fill_(rule or 0.0)
