"""Cells without a gate that reads the past: their recurrence is affine in the state, so it is a parallel scan."""

from gatebench.spec.cell import Cell
from gatebench.spec.gate import Gate

MINGRU = Cell(
    name="mingru",
    source="Feng et al. 2024, arXiv 2410.01201, section 3.1",
    states=("h",),
    gates={"z": Gate("sigmoid", recurrent=None), "n": Gate("identity", recurrent=None)},
    update=lambda h, z, n: ((1 - z) * h + z * n,),
    note=(
        "No gate reads the past, so the recurrence is a parallel scan. z writes. The candidate is linear; `mingru_log` "
        "has the positive candidate."
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
        "The positive candidate of the paper's log-space form: g(n) = n + 1/2 for n >= 0, and σ(n) for n < 0. "
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
        "g": Gate("identity", recurrent=None, role="candidate"),
        "f_prime": Gate(tie="sigmoid(log_sigmoid(f) - log_sigmoid(i))"),
        "i_prime": Gate(tie="sigmoid(log_sigmoid(i) - log_sigmoid(f))"),
    },
    update=lambda h, f, i, g, f_prime, i_prime: (f_prime * h + i_prime * g,),
    note=(
        "No gate reads the past; there is no output gate. f and i are pre-activations; f_prime = σ(f) / (σ(f) + σ(i)) "
        "and i_prime = 1 - f_prime are the paper's f' and i', computed so that they stay finite if both σ are 0."
    ),
)

CELLS = (MINGRU, MINGRU_LOG, MINLSTM)
