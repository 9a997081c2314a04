"""Long short-term memory: a state c that gates write, keep and show."""

from gatebench.spec.cell import Cell
from gatebench.spec.expression import out
from gatebench.spec.gate import Gate

LSTM = Cell(
    name="lstm",
    source="Gers, Schmidhuber & Cummins 2000, Neural Computation 12(10)",
    states=("h", "c"),
    gates={"i": Gate("sigmoid"), "f": Gate("sigmoid"), "g": Gate("tanh"), "o": Gate("sigmoid")},
    update=lambda h, c, i, f, g, o: (o * out(c_new := f * c + i * g), c_new),
    note=(
        "i writes, f keeps, o shows; g is the candidate. Equals torch.nn.LSTM, with one bias a gate where torch adds "
        "two. No peepholes. All biases start at 0, the forget gate's too: f starts near 1/2; `lstm_b` starts it at 1."
    ),
)

LSTM_OUTPUT_TIMES_FORGET = Cell(
    name="lstm_output_times_forget",
    source="an ablation of gatebench's own",
    states=LSTM.states,
    gates=LSTM.gates,
    update=lambda h, c, i, f, g, o: (o * f * out(c_new := f * c + i * g), c_new),
    note="What is shown is multiplied by the forget gate once more: h' = o f tanh(c'). The traced o is without f.",
)

LSTM_ATTENTION_INPUT = Cell(
    name="lstm_attention_input",
    source="Zhang et al. 2018, arXiv 1807.04445, and 2019, arXiv 1909.01939 (EleAttG)",
    states=LSTM.states,
    gates={
        "a": Gate("sigmoid", width="I"),
        **{g: Gate(gate.activation, inputs="a * x") for g, gate in LSTM.gates.items()},
    },
    update=lambda h, c, a, i, f, g, o: (o * out(c_new := f * c + i * g), c_new),
    note=(
        "Attention over the elements of the input: a = σ(W x + R h + b) has the size of x, and the LSTM reads a x "
        "instead of x. Not attention over past inputs, and a does not sum to 1."
    ),
)

CELLS = (LSTM, LSTM_OUTPUT_TIMES_FORGET, LSTM_ATTENTION_INPUT)
