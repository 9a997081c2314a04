"""The reference implementation: one torch operation for each instruction of the cell, differentiated by autograd.

All other backends are tested against it. It runs every cell, dtype and device. T time, B batch, I input, H hidden.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from gatebench.backends.contract import LayerResult, Workload
from gatebench.backends.lengths import step_mask
from gatebench.derive.tape import Instruction, Tape, tape
from gatebench.spec.cell import Cell
from gatebench.spec.dated import X, now, previous

NAME = "reference"
DESCRIPTION = "an eager loop of torch operations under autograd; products with the input come before the loop"

OPERATIONS: dict[str, Callable[..., Tensor]] = {
    "add": torch.add,
    "sub": lambda a, b: a - b,
    "mul": torch.mul,
    "div": lambda a, b: a / b,
    "neg": torch.neg,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    # not torch's hardsigmoid: its backward pass uses 1/6 rounded to float32, also for float64
    "hard_sigmoid": lambda a: (a / 6 + 0.5).clamp(0, 1),
    "exp": torch.exp,
    "log": torch.log,
    "log_sigmoid": logsigmoid,
    "maximum": lambda a, b: torch.maximum(*_tensors(a, b)),
}
"""The operation of each instruction except matrix products."""

Slots = list[Tensor | float | None]
"""The values of one step by slot number; None before they are computed. See `gatebench.derive.tape`."""


def refuses_cell(cell: Cell) -> None:
    """Return None: this backend runs every cell."""
    del cell


def refuses(cell: Cell, work: Workload) -> str | None:
    """Return None: the reference runs every cell on every workload."""
    del cell, work
    return None


def run(
    cell: Cell,
    weights: Mapping[str, Tensor],
    x: Tensor,
    state: tuple[Tensor, ...],
    lengths: Tensor | None,
    trace: bool,
) -> LayerResult:
    """Run one layer in one direction, step by step; see `contract.Backend.run`."""
    program = tape(cell.definitions)
    previous_slots = [program.names[previous(m)] for m in cell.memory]
    memory_slots = [program.names[now(m)] for m in cell.memory]
    gate_slots = {gate: program.names[now(gate)] for gate in cell.definitions.gates} if trace else {}
    products = [i for i in (*program.hoisted, *program.looped) if i.weights]
    matrices = {product: torch.cat([weights[w] for w in product.weights]).mT for product in products}

    # The instructions that read x only, for all steps at once.
    initial_slots = _initial_slots(program, weights)
    initial_slots[program.names[X]] = x
    for instruction in program.hoisted:
        _execute(instruction, initial_slots, weights, matrices)

    # unbind, not x[t]: the backward pass of indexing fills a whole (T, B, ·) tensor of zeros at every step.
    steps_of = {
        slot: value.unbind(0)
        for slot in _hoisted_slots(program)
        if isinstance(value := initial_slots[slot], Tensor) and value.dim() == x.dim()
    }
    masks = None if lengths is None else step_mask(lengths, x).unbind(0)
    outputs: list[Tensor] = []
    traced: dict[str, list[Tensor]] = {gate: [] for gate in gate_slots}
    for t in range(len(x)):
        slots = initial_slots.copy()
        for slot, steps in steps_of.items():
            slots[slot] = steps[t]
        for slot, value in zip(previous_slots, state, strict=True):
            slots[slot] = value
        for instruction in program.looped:
            _execute(instruction, slots, weights, matrices)
        new_state = tuple(_per_sequence(slots[slot], state[0]) for slot in memory_slots)
        if masks is None:
            outputs.append(new_state[0])
            state = new_state
        else:
            outputs.append(torch.where(masks[t], new_state[0], 0.0))
            state = tuple(torch.where(masks[t], new, old) for new, old in zip(new_state, state, strict=True))
        for gate, slot in gate_slots.items():
            traced[gate].append(_per_sequence(slots[slot], state[0]))
    return LayerResult(torch.stack(outputs), state, {gate: torch.stack(steps) for gate, steps in traced.items()})


def _initial_slots(program: Tape, weights: Mapping[str, Tensor]) -> Slots:
    """Return the slots with the numbers and the vectors of weights; all others are None."""
    slots: Slots = [None] * program.size
    for weight, slot in program.vectors.items():
        slots[slot] = weights[weight]
    for slot, number in program.constants.items():
        slots[slot] = number
    return slots


def _hoisted_slots(program: Tape) -> set[int]:
    """Return the slots whose value may be (T, B, ·): x, and the results of hoisted instructions."""
    results = {slot for instruction in program.hoisted for slot in instruction.results}
    return {program.names[X], *results}


def _execute(
    instruction: Instruction, slots: Slots, weights: Mapping[str, Tensor], matrices: Mapping[Instruction, Tensor]
) -> None:
    """Compute one instruction and write its results into their slots.

    The matrices of a product are concatenated, so that it is one multiplication; then the product is split into one
    result for each matrix.
    """
    operands = [slots[o] for o in instruction.operands]
    if instruction.op != "matmul":
        slots[instruction.results[0]] = OPERATIONS[instruction.op](*operands)
        return
    product = operands[0] @ matrices[instruction]  # type: ignore[operator]
    parts = torch.split(product, [len(weights[w]) for w in instruction.weights], dim=-1)
    for slot, part in zip(instruction.results, parts, strict=True):
        slots[slot] = part


def _tensors(a: Tensor | float, b: Tensor | float) -> tuple[Tensor, Tensor]:
    """Return both operands as tensors of one dtype and device; one of them may be a number."""
    like = a if isinstance(a, Tensor) else b
    assert isinstance(like, Tensor)
    return _tensor(a, like), _tensor(b, like)


def _tensor(value: Tensor | float, like: Tensor) -> Tensor:
    """Return a tensor or a number as a tensor of the dtype and the device of `like`, without a copy from the CPU."""
    return value if isinstance(value, Tensor) else torch.full((), value, dtype=like.dtype, device=like.device)


def _per_sequence(value: Tensor | float | None, like: Tensor) -> Tensor:
    """Return a value as (B, ·). A weight (H,) or a number is the same for every sequence; like is (B, H)."""
    if isinstance(value, Tensor):
        return value if value.dim() == like.dim() else value.expand(len(like), -1)
    assert value is not None
    return torch.full_like(like, value)
