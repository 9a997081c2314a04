"""Dropout whose masks are drawn once for each sequence, or once for each batch, and not for each step.

T time, B batch, H hidden.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from torch import Tensor

from gatebench.errors import Refusal
from gatebench.nn.batch_draws import BatchDraws
from gatebench.setting_checks import check_probability
from gatebench.spec.cell import Cell
from gatebench.spec.expression import name

MASK = "dropout_mask"
"""The name of the state of a masked cell that holds the mask."""


@dataclass(frozen=True)
class SequenceDropout:
    """The probabilities that a value is 0. Values that stay are divided by one minus the probability.

    Attributes:
        inputs: of a value in the input of a layer, for all steps of a sequence (Gal & Ghahramani 2016).
        recurrent: of a unit in the vectors that the recurrent weights multiply, for all steps of a sequence and for all
            gates (Gal & Ghahramani 2016, "tied weights").
        weights: of a recurrent weight, for all steps and all sequences of a batch (Merity et al. 2018, "weight drop").

    Raises:
        UserError: a probability is not at least 0 and less than 1.
    """

    inputs: float = 0.0
    recurrent: float = 0.0
    weights: float = 0.0

    def __post_init__(self) -> None:
        for label, value in vars(self).items():
            check_probability(f"sequence_dropout.{label}", value)


NO_SEQUENCE_DROPOUT = SequenceDropout()
"""No dropout."""


def masked_cell(cell: Cell) -> Cell:
    """Return the cell with a mask m on every vector that a recurrent matrix R multiplies.

    An LSTM has i[t] = σ(W x[t] + b + R (m ⊙ h[t-1])), and a GRU has R (m ⊙ (r[t] ⊙ h[t-1])). Other uses of h[t-1] have
    no mask, for example (1 − z[t]) ⊙ h[t-1], and neither have recurrences of gates. The mask is a state that does not
    change: m[t] = m[t-1]. So every backend that computes any cell computes this one, and m is the state after the
    cell's own states in `Cell.memory`. The weights are those of the cell.

    Args:
        cell: the cell.

    Raises:
        Refusal: the cell has no recurrent matrix.
    """
    check_recurrent_weights(cell, "recurrent dropout")
    gates = {
        label: row if row.recurrent is None else replace(row, recurrent=f"{MASK} * ({row.recurrent})")
        for label, row in cell.gates.items()
    }
    update = (*cell.update_formulas, name(MASK))
    return replace(cell, name=f"{cell.name} with a mask", states=(*cell.states, MASK), gates=gates, update=update)


def dropped_weights(weights: Mapping[str, Tensor], draws: BatchDraws, probability: float) -> dict[str, Tensor]:
    """Return the weights with new masks on the recurrent weights.

    Args:
        weights: the weights of a layer by the table's names.
        draws: the source of the masks.
        probability: the probability that a recurrent weight is 0.
    """
    return {
        label: weight * draws.weight_mask(weight, probability) if label.startswith("R.") else weight
        for label, weight in weights.items()
    }


def check_recurrent_weights(cell: Cell, method: str) -> None:
    """Check that a cell has recurrent weights.

    Args:
        cell: the cell.
        method: the method that needs them.

    Raises:
        Refusal: it has none.
    """
    if not any(label.startswith("R.") for label in cell.parameters):
        raise Refusal(f"{cell.name} has no recurrent weights, so it has no {method}; set its probability to 0.")
