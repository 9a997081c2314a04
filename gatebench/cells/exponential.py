"""Cells with exponential gates. A stabiliser state keeps the values within the range of floating-point numbers."""

from gatebench.spec.cell import Cell
from gatebench.spec.expression import log_sigmoid, maximum
from gatebench.spec.gate import Gate

SLSTM = Cell(
    name="slstm",
    source="Beck et al. 2024, arXiv 2405.04517, section 2.2",
    states=("h", "c", "n", "m"),
    gates={
        "i": Gate("identity"),
        "f": Gate("identity"),
        "g": Gate("tanh", role="candidate"),
        "o": Gate("sigmoid"),
        "i_prime": Gate(tie="exp(i - m[t])"),
        "f_prime": Gate(tie="exp(log_sigmoid(f) + m - m[t])"),
    },
    update=lambda h, c, n, m, i, f, g, o, i_prime, f_prime: (
        o * ((c_new := f_prime * c + i_prime * g) / (n_new := f_prime * n + i_prime)),
        c_new,
        n_new,
        maximum(log_sigmoid(f) + m, i),
    ),
    initial={"m": -1e30},
    note=(
        "Exponential input gate, sigmoid forget gate, a normaliser n, and a stabiliser m that does not change h. "
        "i and f are pre-activations; i_prime and f_prime are the stabilised gates. One head: R is dense, not "
        "block-diagonal. m starts at -1e30, so m = i after the first step, as in the authors' code."
    ),
)

CELLS = (SLSTM,)
