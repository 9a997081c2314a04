"""A cell's step as a straight line of instructions over numbered slots, split where it needs the past.

`hoisted` instructions depend on the input alone and run once for all T steps; `looped` ones run at every step. Matrix
products that read the same value share one instruction, so that they are one GEMM.
"""

from dataclasses import dataclass
from functools import lru_cache

from gatebench.derive.cost import depends_on_past
from gatebench.spec.dated import X, previous
from gatebench.spec.definitions import Definitions
from gatebench.spec.expression import Expr, name, ordered


@dataclass(frozen=True)
class Instruction:
    """slots[results] = op(slots[operands]); a product's `weights` name its matrices, each giving one result."""

    op: str
    operands: tuple[int, ...]
    results: tuple[int, ...]
    weights: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tape:
    """The instructions of one step, in an order in which they can run.

    Attributes:
        size: the number of slots.
        names: the slot of every name: the input "x[t]", the past "c[t-1]", the definitions "c[t]".
        vectors: the slot of every weight that is used pointwise.
        constants: the number in each slot that holds one.
        hoisted, looped: the instructions. A hoisted slot holds all T steps at once, or
            one value for all of them where it does not even need the input.
    """

    size: int
    names: dict[str, int]
    vectors: dict[str, int]
    constants: dict[int, float]
    hoisted: tuple[Instruction, ...]
    looped: tuple[Instruction, ...]


@lru_cache(maxsize=256)
def tape(definitions: Definitions) -> Tape:
    """Return a cell's step as instructions."""
    given = (X, *(previous(m) for m in definitions.memory))
    slots: dict[Expr, int] = {name(read): slot for slot, read in enumerate(given)}
    products = [node for node in ordered(definitions.formulas.values()) if node.op == "matmul"]
    lines: dict[Instruction, bool] = {}
    for defined, formula in definitions.formulas.items():
        for node in ordered([formula]):
            slots.setdefault(node, _fresh(slots))
            if node.operands:
                lines[_instruction(node, products, slots)] = not depends_on_past(node, definitions)
        slots[name(defined)] = slots[formula]
    return Tape(
        size=max(slots.values()) + 1,
        names={n.args[0]: slot for n, slot in slots.items() if n.op == "name"},
        vectors={n.args[0]: slot for n, slot in slots.items() if n.op == "param"},
        constants={slot: n.args[0] for n, slot in slots.items() if n.op == "const"},
        hoisted=tuple(line for line, early in lines.items() if early),
        looped=tuple(line for line, early in lines.items() if not early),
    )


def _instruction(node: Expr, products: list[Expr], slots: dict[Expr, int]) -> Instruction:
    operands = tuple(slots[o] for o in node.operands)
    if node.op != "matmul":
        return Instruction(node.op, operands, (slots[node],))
    together = tuple(dict.fromkeys(p for p in products if p.args[1] == node.args[1]))
    results = tuple(slots.setdefault(p, _fresh(slots)) for p in together)
    return Instruction("matmul", operands, results, tuple(p.args[0] for p in together))


def _fresh(slots: dict[Expr, int]) -> int:
    return max(slots.values()) + 1
