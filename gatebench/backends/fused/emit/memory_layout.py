"""The place in memory of each value of a cell.

A stream is a table of shape (slots, B, columns). A slot has the values of one time step. A plane is the columns that
hold one value; it has width H or I and is padded to whole vectors. If a stream has fewer slots than steps, step t uses
slot t % slots. The first slot of the memory holds the initial state, so the memory of step t is in slot t + 1.

An LSTM with T = 3, B = 2, I = 3, H = 5 and vectors of 8 numbers (columns of one row; `-` is padding)::

    stream    slots  columns
    x         3       8       | x x x - - - - - |
    output    4       8       | h h h h h - - - |            slot 0: initial h; slot t + 1: h of step t
    memory    4       8       | c c c c c - - - |            slot 0: initial c; slot t + 1: c of step t
    saved     3      32       | i i i i i - - - | f f f f f - - - | g g g g g - - - | o o o o o - - - |
    incoming  3       8       | dL/dh     - - - |
    ring      3      40       | d/R.o     - - - | d/R.g     - - - | d/R.f     - - - | d/R.i     - - - | - - - ... |
    carry     1      16       | k/h       - - - | k/c       - - - |
    input     3       8       | d/x   - - - - - |
    start     1      16       | a/h       - - - | a/c       - - - |

The ring has one vector more than its planes need; see `gatebench.backends.fused.buffer_shapes`. In `saved`, slot 1
follows slot 0 after B * 32 numbers, and the row of sequence 1 follows that of sequence 0 after 32 numbers::

    slot 0: [sequence 0: i f g o] [sequence 1: i f g o]   slot 1: [sequence 0: i f g o] ...
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from gatebench.backends.fused.emit.schedule import Stage, schedule
from gatebench.derive import prefixes
from gatebench.derive.adjoint import Adjoint, adjoint
from gatebench.derive.prefixes import DX, POINTWISE_DX
from gatebench.derive.program import Program
from gatebench.spec.dated import DatedName, X, now, previous
from gatebench.spec.definitions import Definitions
from gatebench.spec.expression import Expr

STREAMS = ("x", "output", "memory", "saved", "traced", "incoming", "ring", "carry", "temporary", "input", "start")
"""The streams, with their number of slots:

- x (T): the input;
- output (T + 1): the first state;
- memory (T + 1): the other states;
- saved (T): values of the forward pass that the backward pass reads;
- traced (T): other gates, for a trace;
- incoming (T): the gradient of the output;
- ring (some steps): deltas, until their weight gradients are added up;
- carry (1): adjoints that a step leaves for the step before;
- temporary (1): values that one stage of a step leaves for another;
- input (T): the gradient of x;
- start (1): the gradients of the initial state.
"""


@dataclass(frozen=True)
class Plane:
    """The columns of a stream that hold one value: as wide as the value, and padded to whole vectors.

    Attributes:
        stream: the stream, one of `STREAMS`.
        h_before: the number of planes of width H before it in the stream.
        i_before: the number of planes of width I before it in the stream.
        width: "H" or "I".
        shift: the value of step t lies in slot t + shift.
    """

    stream: str
    h_before: int
    i_before: int
    width: str
    shift: int = 0


@dataclass(frozen=True)
class OuterSum:
    """Gradients of weights with one operand, side by side: Σ over t and the batch of operand ⊗ deltas.

    Attributes:
        operand: the name of the value that the weights multiply, or `ONES` for biases.
        deltas: the names of the adjoints of the products, neighbours in the ring.
        width: the width of the operand, "H" or "I"; "1" for biases.
        delta_width: the width of each delta, "H" or "I".
    """

    operand: str
    deltas: tuple[str, ...]
    width: str
    delta_width: str


@dataclass(frozen=True, eq=False)
class MemoryLayout:
    """The stages of a cell, forward and backward, and the place of each of their values.

    Attributes:
        derived: the backward pass that the layout is made for.
        forward: the stages of the forward step.
        backward: the stages of the backward step.
        arriving: the stages that compute the gradient of the initial state.
        input: the stages that compute the gradient of x.
        places: by dated name, the plane of a value.
        columns: by stream, how many planes of width H and of width I it has.
        outer_sums: the sums of weight gradients.
        gates: by label, the plane of each gate that a trace returns.
        weights: the names of the matrices.
        vectors: the names of the pointwise weights.
        shapes: by name, the shape of each weight in letters.
        crossing: values that one forward stage leaves for another stage of the same step.
    """

    derived: Adjoint
    forward: tuple[Stage, ...]
    backward: tuple[Stage, ...]
    arriving: tuple[Stage, ...]
    input: tuple[Stage, ...]
    places: Mapping[str, Plane]
    columns: Mapping[str, tuple[int, int]]
    outer_sums: tuple[OuterSum, ...]
    gates: Mapping[str, Plane]
    weights: tuple[str, ...]
    vectors: tuple[str, ...]
    shapes: Mapping[str, tuple[str, ...]]
    crossing: frozenset[str]


@lru_cache(maxsize=256)
def memory_layout(definitions: Definitions, recompute: bool = False) -> MemoryLayout:
    """Return the place of each value that a cell computes; see `adjoint` for `recompute`."""
    derived = adjoint(definitions, recompute=recompute)
    memory = derived.forward.memory
    forward, backward = schedule(derived.forward), schedule(derived.backward)
    starts = {prefixes.arriving(m): formula for m, formula in derived.arriving.items()}
    arriving = schedule(Program(starts, dict.fromkeys(starts, "H")))
    inputs = schedule(Program({DX: derived.input}, {DX: "I"}))
    book = _Book()
    book.add("x", [X], {X: "I"})
    book.add("output", [now(memory[0])], derived.forward.widths, shift=1)
    book.add("memory", [now(m) for m in memory[1:]], derived.forward.widths, shift=1)
    for m in memory:
        present = book.places[now(m)]
        book.places[previous(m)] = Plane(present.stream, present.h_before, present.i_before, present.width, 0)
    book.add("saved", derived.saved, derived.forward.widths)
    gates = {now(g) for g in definitions.gates} - set(derived.forward.aliases)
    shown = (gates | _later(forward) | set(derived.forward.operands)) - set(book.places)
    book.add("traced", [n for n in derived.forward.formulas if n in shown], derived.forward.widths)
    book.add("incoming", [(incoming := prefixes.output_gradient(memory[0]))], {incoming: "H"})
    ring = (*derived.deltas, *({POINTWISE_DX} & set(derived.backward.formulas)))
    book.add("ring", ring, derived.backward.widths, later=1)
    carried = [n for n in derived.backward.formulas if prefixes.is_accumulated(n)]
    book.add("carry", carried, derived.backward.widths, later=0)
    rest = _later(backward) - set(book.places)
    book.add("temporary", [n for n in derived.backward.formulas if n in rest], derived.backward.widths)
    book.add("input", [DX], {DX: "I"})
    book.add("start", list(starts), dict.fromkeys(starts, "H"))
    shapes = definitions.parameters
    return MemoryLayout(
        derived,
        forward,
        backward,
        arriving,
        inputs,
        book.places,
        book.columns,
        _outer_sums(derived, book.places),
        {g: book.places[derived.forward.aliases.get(now(g), now(g))] for g in definitions.gates},
        tuple(w for w, s in shapes.items() if len(s) == 2),
        tuple(w for w, s in shapes.items() if len(s) == 1),
        shapes,
        frozenset(_later(forward)),
    )


class _Book:
    def __init__(self) -> None:
        self.places: dict[str, Plane] = {}
        self.columns: dict[str, tuple[int, int]] = dict.fromkeys(STREAMS, (0, 0))

    def add(
        self,
        stream: str,
        names: Iterable[DatedName],
        widths: Mapping[DatedName, str],
        shift: int = 0,
        later: int | None = None,
    ) -> None:
        """Give each name a plane; `later` is the shift of the name one step later, where a program reads that too."""
        for n in names:
            assert n not in self.places, f"{n} lies in two streams"
            H, I = self.columns[stream]  # noqa: E741
            self.places[n] = Plane(stream, H, I, widths[n], shift)
            if later is not None:
                self.places[n.next] = Plane(stream, H, I, widths[n], later)
            self.columns[stream] = (H + (widths[n] == "H"), I + (widths[n] == "I"))


def _later(stages: tuple[Stage, ...]) -> set[str]:
    """Return the names that a stage reads, pointwise or by a product, from an earlier stage."""
    made: set[str] = set()
    crossing: set[str] = set()
    for stage in stages:
        read = set(stage.operands).union(*(_names(f) for f in stage.formulas.values()))
        crossing |= made & read
        made |= set(stage.formulas)
    return crossing


def _names(formula: Expr) -> set[str]:
    own = {str(formula.args[0])} if formula.op == "name" else set()
    return own.union(*(_names(o) for o in formula.operands))


def _outer_sums(derived: Adjoint, places: Mapping[str, Plane]) -> tuple[OuterSum, ...]:
    """Return the sums of weight gradients: for each operand, the runs of its deltas that are neighbours in the ring."""
    widths = {n: p.width for n, p in places.items()}
    outer_sums: list[OuterSum] = []
    for operand in dict.fromkeys(o.operand for o in derived.outers):
        own = {o.delta for o in derived.outers if o.operand == operand}
        run: list[str] = []
        for delta in [*derived.deltas, ""]:
            if run and (delta not in own or widths[delta] != widths[run[0]]):
                outer_sums.append(OuterSum(operand, tuple(run), widths.get(operand, "1"), widths[run[0]]))
                run = []
            if delta in own:
                run.append(delta)
    return tuple(outer_sums)


def label(timed: str) -> str:
    """Return a name that C allows."""
    return DatedName(timed).label.replace("/", "_").replace(".", "_").replace("[", "_").replace("]", "")
