"""Long short-term memory: gates control how the state c is written, kept and read out."""

from dataclasses import replace

from gatebench.spec.cell import Cell
from gatebench.spec.expression import out
from gatebench.spec.gate import Gate

LSTM = Cell(
    name="lstm",
    source="Gers, Schmidhuber & Cummins 2000, Neural Computation 12(10)",
    states=("h", "c"),
    gates={
        "i": Gate("sigmoid"),
        "f": Gate("sigmoid"),
        "g": Gate("tanh", role="candidate"),
        "o": Gate("sigmoid"),
    },
    update=lambda h, c, i, f, g, o: (o * out(c_new := f * c + i * g), c_new),
    note=(
        "i writes, f keeps, o exposes; g is the candidate. Equals torch.nn.LSTM, with one bias per gate; torch adds "
        "two. No peepholes. All biases start at 0, so f starts near 1/2; in `lstm_b` the bias of f starts at 1."
    ),
)

LSTM_OUTPUT_TIMES_FORGET = Cell(
    name="lstm_output_times_forget",
    source="an ablation of gatebench's own",
    states=LSTM.states,
    gates=LSTM.gates,
    update=lambda h, c, i, f, g, o: (o * f * out(c_new := f * c + i * g), c_new),
    note="The forget gate multiplies the output as well: h' = o f tanh(c'). The traced o does not include f.",
)

LSTM_ATTENTION_INPUT = Cell(
    name="lstm_attention_input",
    source="Zhang et al. 2018, arXiv 1807.04445, and 2019, arXiv 1909.01939 (EleAttG)",
    states=LSTM.states,
    gates={
        "a": Gate("sigmoid", width="I"),
        **{label: replace(gate, inputs="a * x") for label, gate in LSTM.gates.items()},
    },
    update=lambda h, c, a, i, f, g, o: (o * out(c_new := f * c + i * g), c_new),
    note=(
        "Attention over the elements of the input: a = σ(W x + R h + b) has the size of x, and the LSTM reads a x "
        "instead of x. It is not attention over past inputs, and a does not sum to 1."
    ),
)

CELLS = (LSTM, LSTM_OUTPUT_TIMES_FORGET, LSTM_ATTENTION_INPUT)
