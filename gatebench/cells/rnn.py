"""Plain recurrent cells: one candidate, no gate."""

from gatebench.spec.cell import Cell
from gatebench.spec.gate import Gate

RNN_TANH = Cell(
    name="rnn_tanh",
    source="Elman 1990, Cognitive Science 14(2)",
    states=("h",),
    gates={"n": Gate("tanh")},
    update=lambda h, n: (n,),
    note="h' = tanh(W x + R h + b); equals torch.nn.RNN with nonlinearity='tanh'.",
)

RNN_RELU = Cell(
    name="rnn_relu",
    source="Elman 1990 with rectified units, as in Le, Jaitly & Hinton 2015",
    states=("h",),
    gates={"n": Gate("relu")},
    update=lambda h, n: (n,),
    note="h' = relu(W x + R h + b); equals torch.nn.RNN with nonlinearity='relu'. Not the IRNN: R starts uniform.",
)

CELLS = (RNN_TANH, RNN_RELU)
