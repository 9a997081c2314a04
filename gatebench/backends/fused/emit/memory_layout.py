"""Where the values of a program lie: planes of width H or I in streams, each a table of (slots, B, columns).

A stream with fewer slots than steps is used round and round. The memory's first slot holds the initial state, so that
the value of step t lies in slot t + 1 and no step is a special case.
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
"""x (T): the input · output (T + 1): the first state · memory (T + 1): the others · saved (T): gates kept for the
backward pass · shown: other gates, for a trace · incoming: the output's gradient · ring: δ of some steps · carry (1):
adjoints from step to step · temporary (1) · input (T): the gradient of x · start (1): those of the initial state."""


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
    """A block of weight gradients: Σ operand ⊗ (deltas side by side), of shape (width of the operand, planes)."""

    operand: str
    deltas: tuple[str, ...]
    width: str  # of the operand; "1" for a bias
    delta_width: str


@dataclass(frozen=True, eq=False)
class MemoryLayout:
    """The passes of a cell, forward and backward, and the place of every name in them.

    columns: by stream, how many planes of width H and of width I it has.
    """

    derived: Adjoint
    forward: tuple[Stage, ...]
    backward: tuple[Stage, ...]
    arriving: tuple[Stage, ...]
    input: tuple[Stage, ...]
    places: Mapping[str, Plane]
    columns: Mapping[str, tuple[int, int]]
    outer_sums: tuple[OuterSum, ...]
    gates: Mapping[str, Plane]  # by plain name, all that a trace holds
    weights: tuple[str, ...]  # matrices
    vectors: tuple[str, ...]  # pointwise weights
    shapes: Mapping[str, tuple[str, ...]]
    crossing: frozenset[str]  # what one forward pass leaves to another of the same step


@lru_cache(maxsize=256)
def memory_layout(definitions: Definitions, recompute: bool = False) -> MemoryLayout:
    """Return where everything that a cell computes lies; `again`: see `adjoint`."""
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
    """Return the names that a pass reads, pointwise or by a product, from an earlier one."""
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
    """Return the gradients' blocks: for each operand, the runs of its δ that lie side by side."""
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
