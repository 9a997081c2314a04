"""The hidden size at which a network has a given number of parameters, as in parameter-matched comparisons.

Sources: Chung et al. 2014 (arXiv 1412.3555, section 4.2) and Jozefowicz et al. 2015 (PMLR 37, section 3.4) give the
cells that they compare equal numbers of parameters.
"""

from collections.abc import Callable
from dataclasses import dataclass

from gatebench.derive.cost import parameters
from gatebench.errors import UserError, out_of_range
from gatebench.spec.cell import Cell

LARGEST_SIZE = 10**9
"""The largest hidden size that is tried."""


@dataclass(frozen=True)
class NetworkFrame:
    """The parameters of a network outside of its recurrent layers.

    Attributes:
        inputs: I, the size of the encoder's output at a step.
        encoder: the number of parameters of the encoder.
        head: the number of parameters of the head with no hidden unit.
        head_per_unit: the number of parameters of the head for each hidden unit of a direction.
        steps: the largest number of steps T.
    """

    inputs: int
    encoder: int
    head: int
    head_per_unit: int
    steps: int = 1

    def parameters(self, hidden_size: int) -> int:
        """Return the number of parameters of encoder and head for H hidden units in each direction."""
        return self.encoder + self.head + hidden_size * self.head_per_unit


def layer_parameters(cell: Cell, inputs: int, hidden_size: int, num_layers: int, directions: int) -> int:
    """Return the number of parameters of all recurrent layers.

    Args:
        cell: the cell.
        inputs: I, the input size of the first layer.
        hidden_size: H.
        num_layers: the number of layers. Each but the first reads the D · H outputs of the layer below it.
        directions: D, 1 or 2.
    """
    first = parameters(cell, inputs, hidden_size)
    deeper = parameters(cell, directions * hidden_size, hidden_size) if num_layers > 1 else 0
    return directions * (first + (num_layers - 1) * deeper)


def matched_size(budget: int, count: Callable[[int], int], name: str, multiple: int = 1) -> int:
    """Return the hidden size whose number of parameters is nearest to a budget; of two, the smaller one.

    Args:
        budget: the number of parameters.
        count: `count(H)` returns the number of parameters of the network with H hidden units. It must grow with H.
        name: the name of the network in messages, for example "lstm on the task digits".
        multiple: the number of which the hidden size must be a multiple.

    Raises:
        UserError: the budget is less than the number of parameters with one unit, the number of parameters does not
            grow with H, or H would be larger than `LARGEST_SIZE`.

    Examples:
        >>> [matched_size(budget, lambda H: 4 * H * H + 8 * H, "lstm") for budget in (12, 21, 23, 400)]
        [1, 1, 2, 9]
    """
    if multiple > 1:
        return multiple * matched_size(budget, lambda units: count(multiple * units), name)
    if budget < (least := count(1)):
        raise out_of_range(
            "model.parameters", budget, f"at least {least:,}, the number of parameters of {name} with one hidden unit"
        )
    low, high = 1, 2
    while _grown(count, low, high, name) < budget:
        low, high = high, 2 * high
        if high > LARGEST_SIZE:
            raise out_of_range("model.parameters", budget, f"a number that {name} reaches with {LARGEST_SIZE:,} units")
    while high - low > 1:  # count(low) <= budget <= count(high)
        middle = (low + high) // 2
        _grown(count, low, middle, name)
        _grown(count, middle, high, name)
        low, high = (middle, high) if count(middle) <= budget else (low, middle)
    return low if budget - count(low) <= count(high) - budget else high


def _grown(count: Callable[[int], int], low: int, high: int, name: str) -> int:
    """Return the number of parameters with the larger size.

    Raises:
        UserError: it is not larger than that with the smaller size.
    """
    if count(high) <= count(low):
        raise UserError(
            f"The number of parameters of {name} does not grow with the hidden size ({count(low):,} with {low} units, "
            f"{count(high):,} with {high}), so model.parameters does not determine it; set model.hidden_size."
        )
    return count(high)
