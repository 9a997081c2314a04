"""Cells of today: without a recurrent matrix, or with exponential gates."""

from gatebench.expression import log_sigmoid, maximum
from gatebench.gate import Gate
from gatebench.spec import Cell

MINGRU = Cell(
    name="mingru",
    source="Feng et al. 2024, arXiv 2410.01201, section 3.1",
    states=("h",),
    gates={"z": Gate("sigmoid", recurrent=None), "n": Gate("identity", recurrent=None)},
    update=lambda h, z, n: ((1 - z) * h + z * n,),
    note=(
        "No gate sees the past, so the recurrence is a parallel scan. z writes. The candidate is linear: "
        "`mingru_log` has the positive one."
    ),
)

MINGRU_LOG = Cell(
    name="mingru_log",
    source="Feng et al. 2024, arXiv 2410.01201, appendix B",
    states=("h",),
    gates={
        "z": Gate("sigmoid", recurrent=None),
        "n": Gate("identity", recurrent=None),
        "g": Gate(tie="relu(n) + sigmoid(-relu(-n))"),
    },
    update=lambda h, z, n, g: ((1 - z) * h + z * g,),
    note=(
        "The positive candidate of the paper's log-space form: g(n) = n + 1/2 for n >= 0, σ(n) below. "
        "The initial state is used as it is; the paper's parallel form applies g to it."
    ),
)

MINLSTM = Cell(
    name="minlstm",
    source="Feng et al. 2024, arXiv 2410.01201, section 3.2",
    states=("h",),
    gates={
        "f": Gate("identity", recurrent=None),
        "i": Gate("identity", recurrent=None),
        "g": Gate("identity", recurrent=None),
        "f_prime": Gate(tie="sigmoid(log_sigmoid(f) - log_sigmoid(i))"),
        "i_prime": Gate(tie="sigmoid(log_sigmoid(i) - log_sigmoid(f))"),
    },
    update=lambda h, f, i, g, f_prime, i_prime: (f_prime * h + i_prime * g,),
    note=(
        "No gate sees the past; there is no output gate. f and i are pre-activations; f_prime = σ(f) / (σ(f) + σ(i)) "
        "and i_prime = 1 - f_prime are the paper's f' and i', computed so that they stay finite where both σ are 0."
    ),
)

SLSTM = Cell(
    name="slstm",
    source="Beck et al. 2024, arXiv 2405.04517, section 2.2",
    states=("h", "c", "n", "m"),
    gates={
        "i": Gate("identity"),
        "f": Gate("identity"),
        "g": Gate("tanh"),
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
        "Exponential input gate, sigmoid forget gate, a normaliser n, a stabiliser m that does not change h. i and f "
        "are pre-activations; i_prime and f_prime are the stabilised gates. One head: R is dense, not block-diagonal. "
        "m starts so low that the first step takes m = i, as in the authors' code."
    ),
)

CELLS = (MINGRU, MINGRU_LOG, MINLSTM, SLSTM)
