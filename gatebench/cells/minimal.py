"""Cells with a single gate."""

from gatebench.spec.cell import Cell
from gatebench.spec.gate import Gate

MGU = Cell(
    name="mgu",
    source="Zhou, Wu, Zhang & Zhou 2016, arXiv 1603.09420",
    states=("h",),
    gates={"f": Gate("sigmoid"), "n": Gate("tanh", recurrent="f * h")},
    update=lambda h, f, n: ((1 - f) * h + f * n,),
    note="One gate resets (before the product) and updates. f writes, in spite of its name: h' = (1 - f) h + f n.",
)

UGRNN = Cell(
    name="ugrnn",
    source="Collins, Sohl-Dickstein & Sussillo 2017, arXiv 1611.09913",
    states=("h",),
    gates={"g": Gate("sigmoid", bias=1.0), "c": Gate("tanh")},
    update=lambda h, g, c: (g * h + (1 - g) * c,),
    note="g keeps: h' = g h + (1 - g) c; c is the candidate, not a state. The bias of g starts at 1.",
)

JANET = Cell(
    name="janet",
    source="van der Westhuizen & Lasenby 2018, arXiv 1804.04849",
    states=("h",),
    gates={
        "s": Gate("identity", bias="chrono"),
        "f": Gate(tie="sigmoid(s)"),
        "i": Gate(tie="1 - sigmoid(s - 1)"),
        "g": Gate("tanh", role="candidate"),
    },
    update=lambda h, s, f, i, g: (f * h + i * g,),
    note=(
        "A forget gate only: s is its pre-activation, f = σ(s) keeps and i = 1 - σ(s - β) writes, with β = 1. h is the "
        "paper's c; no output gate and no output tanh. The bias of s is always chrono, as in the authors' code."
    ),
)

CELLS = (MGU, UGRNN, JANET)
