"""The truth: the cell's instructions, one torch operation each, differentiated by autograd. Any dtype, any device."""

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
    # not torch's hardsigmoid: the slope of its backward pass is 1 / 6 in float32, in float64 too
    "hard_sigmoid": lambda a: (a / 6 + 0.5).clamp(0, 1),
    "exp": torch.exp,
    "log": torch.log,
    "log_sigmoid": logsigmoid,
    "maximum": lambda a, b: torch.maximum(*_tensors(a, b)),
}

Slots = list[Tensor | float | None]


def refuses(cell: Cell, work: Workload) -> str | None:
    """Return None: the reference runs every table."""
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
    line = tape(cell.definitions)
    memory = [line.names[now(m)] for m in cell.memory]
    past = [line.names[previous(m)] for m in cell.memory]
    gates = {g: line.names[now(g)] for g in cell.definitions.gates} if trace else {}
    stacked = {i: torch.cat([weights[w] for w in i.weights]).mT for i in (*line.hoisted, *line.looped) if i.weights}
    whole = _filled(line, weights)
    whole[line.names[X]] = x
    for instruction in line.hoisted:
        _execute(instruction, whole, weights, stacked)
    # unbind, not x[t]: the backward pass of indexing fills a whole (T, B, ·) tensor of zeros at every step.
    sliced = {s: v.unbind(0) for s in _early(line) if isinstance(v := whole[s], Tensor) and v.dim() == x.dim()}
    going = None if lengths is None else step_mask(lengths, x).unbind(0)
    outputs, traces = [], {g: [] for g in gates}  # type: ignore[var-annotated]
    for t in range(len(x)):
        slots = whole.copy()
        for slot, steps in sliced.items():
            slots[slot] = steps[t]
        for slot, value in zip(past, state, strict=True):
            slots[slot] = value
        for instruction in line.looped:
            _execute(instruction, slots, weights, stacked)
        new = tuple(_tensor(slots[s], state[0]) for s in memory)
        outputs.append(new[0] if going is None else torch.where(going[t], new[0], 0.0))
        state = new if going is None else tuple(torch.where(going[t], n, o) for n, o in zip(new, state, strict=True))
        for g, slot in gates.items():
            traces[g].append(_tensor(slots[slot], state[0]))
    return LayerResult(torch.stack(outputs), state, {g: torch.stack(steps) for g, steps in traces.items()})


def _filled(line: Tape, weights: Mapping[str, Tensor]) -> Slots:
    slots: Slots = [None] * line.size
    for weight, slot in line.vectors.items():
        slots[slot] = weights[weight]
    for slot, number in line.constants.items():
        slots[slot] = number
    return slots


def _early(line: Tape) -> set[int]:
    """Return the slots that may hold all T steps at once."""
    return {line.names[X], *(result for instruction in line.hoisted for result in instruction.results)}


def _execute(
    instruction: Instruction, slots: Slots, weights: Mapping[str, Tensor], stacked: Mapping[Instruction, Tensor]
) -> None:
    operands = [slots[o] for o in instruction.operands]
    if instruction.op != "matmul":
        slots[instruction.results[0]] = OPERATIONS[instruction.op](*operands)
        return
    product = operands[0] @ stacked[instruction]  # type: ignore[operator]
    parts = torch.split(product, [len(weights[w]) for w in instruction.weights], dim=-1)
    for slot, part in zip(instruction.results, parts, strict=True):
        slots[slot] = part


def _tensors(a: Tensor | float, b: Tensor | float) -> tuple[Tensor, Tensor]:
    """Return both operands as tensors, where one may be a number."""
    like = a if isinstance(a, Tensor) else b
    assert isinstance(like, Tensor)
    return torch.as_tensor(a, dtype=like.dtype, device=like.device), torch.as_tensor(
        b, dtype=like.dtype, device=like.device
    )


def _tensor(value: Tensor | float | None, like: Tensor) -> Tensor:
    """Return a value as (B, ·), also where it is one for the whole batch: a weight, or a number for like's (B, H)."""
    if isinstance(value, Tensor):
        return value if value.dim() == like.dim() else value.expand(len(like), -1)
    assert value is not None
    return torch.full_like(like, value)
