"""The time step of a cell as a list of instructions that read and write numbered slots.

There are two parts. `hoisted` instructions depend on no state: they run once for all T time steps, before the loop.
`looped` instructions run in each time step. Matrix products with the same operand are one instruction, so that a
backend can compute them as one matrix product (GEMM).
"""

from dataclasses import dataclass
from functools import lru_cache

from gatebench.derive.cost import depends_on_past
from gatebench.spec.dated import X, previous
from gatebench.spec.definitions import Definitions
from gatebench.spec.expression import Expr, name, ordered


@dataclass(frozen=True)
class Instruction:
    """One operation: slots[results] = op(slots[operands]).

    Attributes:
        op: the operation, as in `gatebench.spec.expression.Expr`.
        operands: the slots that it reads.
        results: the slots that it writes: one, or one for each matrix of a product.
        weights: the names of the matrices of a product; empty for other operations.
    """

    op: str
    operands: tuple[int, ...]
    results: tuple[int, ...]
    weights: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tape:
    """The instructions of one time step, in an order in which they can run.

    Attributes:
        size: the number of slots.
        names: the slot of each name: the input "x[t]", values of the step before "c[t-1]", results "c[t]".
        vectors: the slot of each weight vector, such as "b.i".
        constants: the number in each slot that has a constant.
        hoisted: the instructions before the loop over time. Their results have all T steps; results that do not depend
            on the input either have one value for all steps.
        looped: the instructions of each time step.
    """

    size: int
    names: dict[str, int]
    vectors: dict[str, int]
    constants: dict[int, float]
    hoisted: tuple[Instruction, ...]
    looped: tuple[Instruction, ...]


@lru_cache(maxsize=256)
def tape(definitions: Definitions) -> Tape:
    """Return the time step of a cell as instructions; equal formulas are computed once."""
    given = (X, *(previous(m) for m in definitions.memory))
    slots: dict[Expr, int] = {name(read): slot for slot, read in enumerate(given)}
    products = [node for node in ordered(definitions.formulas.values()) if node.op == "matmul"]
    lines: dict[Instruction, bool] = {}
    for defined, formula in definitions.formulas.items():
        for node in ordered([formula]):
            slots.setdefault(node, _next_slot(slots))
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
    """Return the instruction of a node; for a product, that of all `products` with the same operand."""
    operands = tuple(slots[o] for o in node.operands)
    if node.op != "matmul":
        return Instruction(node.op, operands, (slots[node],))
    same_operand = tuple(dict.fromkeys(product for product in products if product.args[1] == node.args[1]))
    results = tuple(slots.setdefault(product, _next_slot(slots)) for product in same_operand)
    return Instruction("matmul", operands, results, tuple(product.args[0] for product in same_operand))


def _next_slot(slots: dict[Expr, int]) -> int:
    """Return the number of the next free slot."""
    return max(slots.values()) + 1
