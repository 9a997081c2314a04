"""The time step of a cell as the text of a Python function for JAX, generated from the instructions of the reference.

The text is what a careful user of JAX writes by hand: products with the input come before the loop, the loop is
`lax.scan`, and products with the same operand are one product. T time, B batch, I input, H hidden.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gatebench.derive.tape import Instruction, Tape, tape
from gatebench.spec.cell import Cell
from gatebench.spec.dated import X, now, previous

FORMS = {
    "add": "{} + {}",
    "sub": "{} - {}",
    "mul": "{} * {}",
    "div": "{} / {}",
    "neg": "-{}",
    "sigmoid": "jax.nn.sigmoid({})",
    "tanh": "jnp.tanh({})",
    "relu": "jax.nn.relu({})",
    "hard_sigmoid": "jnp.clip({} / 6 + 0.5, 0, 1)",
    "exp": "jnp.exp({})",
    "log": "jnp.log({})",
    "log_sigmoid": "jax.nn.log_sigmoid({})",
    "maximum": "jnp.maximum({}, {})",
}
"""The text of each operation except matrix products, with braces for the operands."""


@dataclass(frozen=True)
class JaxSource:
    """The text of a cell's layer for JAX.

    Attributes:
        text: the text of a module that imports JAX and defines `forward(matrices, vectors, x, state)`. It returns the
            output (T, B, H) and the final state.
        matrices: for each element of `matrices`, the names of the weights (out, in) in it. The element has the shape
            (in, sum of out).
        vectors: the names of the weight vectors, in the order of `vectors`.
    """

    text: str
    matrices: tuple[tuple[str, ...], ...]
    vectors: tuple[str, ...]


@dataclass(frozen=True)
class _Parts:
    """The matrix of a product, as text, and the columns at which the product is split."""

    matrix: str
    split_points: str


def jax_source(cell: Cell) -> JaxSource:
    """Return the text of a cell's layer for JAX."""
    program = tape(cell.definitions)
    products = [instruction for instruction in (*program.hoisted, *program.looped) if instruction.weights]
    parts = {
        instruction: _Parts(f"matrices[{position}]", _split_points(instruction, cell))
        for position, instruction in enumerate(products)
    }
    scanned = _scanned_slots(program)
    memory = [program.names[now(label)] for label in cell.memory]
    read = {slot for instruction in program.looped for slot in instruction.operands} | set(memory)
    early = [slot for slot in sorted(scanned) if slot in read]
    state = [program.names[previous(label)] for label in cell.memory]
    lines = [
        "import jax",
        "import jax.numpy as jnp",
        "",
        "",
        "def forward(matrices, vectors, x, state):",
        *(f"    s{slot} = vectors[{position}]" for position, slot in enumerate(program.vectors.values())),
        *(f"    s{slot} = {number!r}" for slot, number in program.constants.items()),
        "    I, H = x.shape[-1], state[0].shape[-1]",
        f"    s{program.names[X]} = x",
        *(f"    {line}" for line in _statements(program.hoisted, parts)),
        "",
        "    def step(state, early):",
        f"        {_tuple(state)} = state",
        *([f"        {_tuple(early)} = early"] if early else []),
        *(f"        {line}" for line in _statements(program.looped, parts)),
        f"        state = ({', '.join(f'jnp.broadcast_to(s{slot}, state[0].shape)' for slot in memory)},)",
        "        return state, state[0]",
        "",
        f"    state, output = jax.lax.scan(step, state, ({', '.join(f's{slot}' for slot in early)},), len(x))"
        if early
        else "    state, output = jax.lax.scan(step, state, None, len(x))",
        "    return output, state",
    ]
    return JaxSource("\n".join(lines) + "\n", tuple(product.weights for product in products), tuple(program.vectors))


def _scanned_slots(program: Tape) -> set[int]:
    """Return the slots before the loop with one value for each time step: x, and the results that depend on it."""
    scanned = {program.names[X]}
    for instruction in program.hoisted:
        if scanned.intersection(instruction.operands):
            scanned.update(instruction.results)
    return scanned


def _split_points(product: Instruction, cell: Cell) -> str:
    """Return where the columns of a product are split into those of its matrices, such as "[H, 2 * H]"."""
    widths = [cell.definitions.parameters[weight][0] for weight in product.weights[:-1]]
    counts = [{letter: widths[:end].count(letter) for letter in "IH"} for end in range(1, len(widths) + 1)]
    points = [" + ".join(f"{n} * {letter}" for letter, n in count.items() if n) for count in counts]
    return f"[{', '.join(points)}]"


def _statements(instructions: Iterable[Instruction], parts: Mapping[Instruction, _Parts]) -> Iterator[str]:
    """Yield a line of Python for each instruction."""
    for instruction in instructions:
        operands = [f"s{slot}" for slot in instruction.operands]
        if not instruction.weights:
            yield f"s{instruction.results[0]} = {FORMS[instruction.op].format(*operands)}"
            continue
        part = parts[instruction]
        yield f"{_tuple(instruction.results)} = jnp.split({operands[0]} @ {part.matrix}, {part.split_points}, -1)"


def _tuple(slots: Iterable[int]) -> str:
    """Return slots as a tuple of Python, such as "(s1, s4,)"."""
    return f"({', '.join(f's{slot}' for slot in slots)},)"
