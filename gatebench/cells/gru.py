"""Gated recurrent units. The reset gate multiplies after or before the recurrent product: two different functions."""

from gatebench.spec.cell import Cell
from gatebench.spec.gate import Gate

GRU = Cell(
    name="gru",
    source="Cho et al. 2014, arXiv 1406.1078, in the form of cuDNN and torch.nn.GRU",
    states=("h",),
    gates={"r": Gate("sigmoid"), "z": Gate("sigmoid"), "n": Gate("tanh", after="r")},
    update=lambda h, r, z, n: ((1 - z) * n + z * h,),
    note=(
        "Reset after the product: n = tanh(W x + b + r (R h + d)), one dependent product per step. z keeps the old "
        "state. Equals torch.nn.GRU. The paper prints another equation, with the reset before the product: see "
        "`gru_before`."
    ),
)

GRU_BEFORE = Cell(
    name="gru_before",
    source="Chung, Gulcehre, Cho & Bengio 2014, arXiv 1412.3555, section 3.2",
    states=("h",),
    gates={"r": Gate("sigmoid"), "z": Gate("sigmoid"), "n": Gate("tanh", recurrent="r * h")},
    update=lambda h, r, z, n: ((1 - z) * h + z * n,),
    note=(
        "Reset before the product: n = tanh(W x + R (r h) + b), two dependent products per step. z writes the new "
        "state (in Cho et al. 2014 z keeps the old one: the same functions with z and 1 - z exchanged). Not "
        "torch.nn.GRU."
    ),
)

CELLS = (GRU, GRU_BEFORE)
