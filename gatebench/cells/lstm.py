"""Long short-term memory: a state c that gates write, keep and show."""

from gatebench.expression import out
from gatebench.gate import Gate
from gatebench.spec import Cell

LSTM = Cell(
    name="lstm",
    source="Gers, Schmidhuber & Cummins 2000, Neural Computation 12(10)",
    states=("h", "c"),
    gates={"i": Gate("sigmoid"), "f": Gate("sigmoid"), "g": Gate("tanh"), "o": Gate("sigmoid")},
    update=lambda h, c, i, f, g, o: (o * out(c_new := f * c + i * g), c_new),
    note=(
        "i writes, f keeps, o shows; g is the candidate. Equals torch.nn.LSTM, with one bias a gate where torch adds two. "
        "No peepholes. All biases start at 0, the forget gate's too: f starts near 1/2; `lstm_b` starts it at 1."
    ),
)

CELLS = (LSTM,)
