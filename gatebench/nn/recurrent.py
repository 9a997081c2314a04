"""`Recurrent`: torch.nn.LSTM's manners for any cell on any backend.

T time, B batch, I input, H hidden, D directions.
"""

from itertools import product

import torch
from torch import Generator, Tensor, nn

from gatebench.backends.contract import Backend, LayerResult, Workload
from gatebench.backends.lengths import alive, checked, flip
from gatebench.backends.registry import choose, find
from gatebench.errors import UserError, out_of_range
from gatebench.nn.initial_weights import by_name, empty_weights, start_weights
from gatebench.spec.cell import Cell

State = Tensor | tuple[Tensor, ...]
Trace = dict[int, dict[str, Tensor]]


class Recurrent(nn.Module):
    """Layers of one recurrent cell.

    Args:
        cell: the table of gates.
        input_size: I.
        hidden_size: H.
        num_layers: layers on top of each other.
        batch_first: whether x and the output are (B, T, ·) instead of (T, B, ·).
        bidirectional: whether every layer also reads backwards; outputs are then (…, 2H).
        dropout: probability of dropping a value between layers while training.
        backend: a name, or "auto" for the fastest that does not refuse.
        steps: the longest T, for cells whose initial bias depends on it.
        generator: the source of the initial weights; torch's global one if None.
        device: the device of the weights; torch's default if None.
        dtype: the data type of the weights; torch's default if None.

    Raises:
        UserError: a size is out of range, the cell cannot have these sizes, or there is no such backend.
    """

    def __init__(
        self,
        cell: Cell,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        batch_first: bool = False,
        bidirectional: bool = False,
        dropout: float = 0.0,
        backend: str = "auto",
        steps: int | None = None,
        generator: Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        for label, size in {"input_size": input_size, "hidden_size": hidden_size, "num_layers": num_layers}.items():
            if not isinstance(size, int) or size < 1:
                raise out_of_range(label, size, "a whole number of at least 1")
        if not 0 <= dropout < 1:
            raise out_of_range("dropout", dropout, "at least 0 and less than 1")
        if backend != "auto":
            find(backend)
        self.cell, self.input_size, self.hidden_size, self.num_layers = cell, input_size, hidden_size, num_layers
        self.batch_first, self.bidirectional, self.dropout = batch_first, bidirectional, dropout
        self.backend, self.steps = backend, steps
        self.backends_used: tuple[str, ...] = ()
        self.layers = nn.ModuleList()
        for layer in range(num_layers):
            width = input_size if layer == 0 else hidden_size * self.directions
            self.layers.extend(empty_weights(cell, width, hidden_size, device, dtype) for _ in self._directions)
        self.reset_parameters(generator)

    @property
    def directions(self) -> int:
        """2 if bidirectional, else 1."""
        return 1 + self.bidirectional

    def gate_parameters(self, layer: int, reverse: bool = False) -> dict[str, Tensor]:
        """Return the weights of a layer by the table's names: {"W.f": (H, I), "R.f": (H, H), "b.f": (H,), …}.

        Raises:
            UserError: there is no such layer, or no reverse direction.
        """
        if not 0 <= layer < self.num_layers or reverse not in self._directions:
            raise out_of_range("layer, reverse", (layer, reverse), f"within {self.num_layers} × {self.directions}")
        return by_name(self.cell, self.layers[layer * self.directions + reverse])

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """Start all weights anew from the generator, layer by layer."""
        generator = generator or torch.default_generator
        for layer, reverse in product(range(self.num_layers), self._directions):
            weights = self.gate_parameters(layer, reverse)
            fresh = {n: torch.empty(w.shape, dtype=w.dtype) for n, w in weights.items()}
            start_weights(self.cell, fresh, self.hidden_size, generator, self.steps)
            with torch.no_grad():
                for name, weight in weights.items():
                    weight.copy_(fresh[name])

    def forward(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """Run the layers.

        Args:
            x: (T, B, I), or (B, T, I) with batch_first.
            state: the memory before the first step, (layers · D, B, H) each, in `cell.memory`'s order: one tensor for a
                cell with one, a tuple for more. `cell.initial`, mostly zeros, if None.
            lengths: (B,) whole numbers from 0 to T; steps behind them leave the state alone and give zeros.

        Returns:
            output (T, B, D · H), not always contiguous, and the state after the last step, in the form of `state`.

        Raises:
            UserError: a shape does not fit.
            Refusal: the backend cannot run this.
        """
        output, final, _ = self._run(x, state, lengths, self.backend, trace=False)
        return output, final

    def trace(
        self, x: Tensor, state: State | None = None, lengths: Tensor | None = None, *, backend: str = "auto"
    ) -> tuple[Tensor, State, Trace]:
        """Run the layers and return what every gate did: `gates[layer]["f"]` is (T, B, D · H), time first.

        The backend is chosen apart from the layer's own: kernels that keep their gates to themselves refuse.
        """
        return self._run(x, state, lengths, backend, trace=True)

    def extra_repr(self) -> str:
        """Describe the layer in one line."""
        sizes = f"I={self.input_size}, H={self.hidden_size}, layers={self.num_layers}"
        return f"{self.cell.name}, {sizes}, backend={self.backend}"

    @property
    def _directions(self) -> tuple[bool, ...]:  # whether each pass of a layer is the reverse one
        return (False, True)[: self.directions]

    def _run(
        self, x: Tensor, state: State | None, lengths: Tensor | None, backend: str, *, trace: bool
    ) -> tuple[Tensor, State, Trace]:
        x = x.transpose(0, 1) if self.batch_first and isinstance(x, Tensor) and x.dim() == 3 else x
        start = self._start(x, state)
        shortest = None
        if lengths is not None:
            lengths = checked(lengths, x)
            shortest = int(lengths.min()) if len(lengths) else None
            x = torch.where(alive(lengths, x), x, 0.0)
        gates: Trace = {}
        ends: list[tuple[Tensor, ...]] = []
        used: list[str] = []
        for layer in range(self.num_layers):
            if layer and self.dropout:
                x = nn.functional.dropout(x, self.dropout, self.training)
            chosen = choose(backend, self.cell, Workload.of(x, self.hidden_size, trace, shortest))
            used.append(chosen.NAME)
            runs = [self._pass(chosen, x, start, lengths, layer, reverse, trace) for reverse in self._directions]
            x = _beside([run.output for run in runs])
            ends.extend(run.state for run in runs)
            gates[layer] = {g: _beside([run.gates[g] for run in runs]) for g in runs[0].gates}
        if not trace:  # a look at the gates is not what the network ran on
            self.backends_used = tuple(dict.fromkeys(used))
        final = tuple(torch.stack(parts) for parts in zip(*ends, strict=True))
        return x.transpose(0, 1) if self.batch_first else x, final if len(final) > 1 else final[0], gates

    def _pass(
        self, chosen: Backend, x: Tensor, start: State, lengths: Tensor | None, layer: int, reverse: bool, trace: bool
    ) -> LayerResult:
        """Run one layer in one direction."""
        weights = self.gate_parameters(layer, reverse)
        memory = tuple(part[layer * self.directions + reverse] for part in start)
        if not reverse:
            return chosen.run(self.cell, weights, x, memory, lengths, trace)
        backwards = chosen.run(self.cell, weights, flip(x, lengths), memory, lengths, trace)
        gates = {g: flip(values, lengths) for g, values in backwards.gates.items()}
        return LayerResult(flip(backwards.output, lengths), backwards.state, gates)

    def _start(self, x: Tensor, state: State | None) -> tuple[Tensor, ...]:
        if not isinstance(x, Tensor):
            raise UserError(f"x is a {type(x).__name__}; it must be a padded tensor, with lengths= beside it.")
        if x.dim() != 3 or x.shape[-1] != self.input_size:
            form = "(B, T, I)" if self.batch_first else "(T, B, I)"
            raise UserError(f"x has the shape {tuple(x.shape)}; it must be {form} with I = {self.input_size}.")
        if not x.is_floating_point():
            raise UserError(f"x holds {x.dtype}; it must hold floating-point numbers.")
        if x.shape[0] == 0:
            raise UserError("x has no steps; T must be at least 1.")
        memory, shape = self.cell.memory, (self.num_layers * self.directions, x.shape[1], self.hidden_size)
        if state is None:
            lowest = torch.finfo(x.dtype).min
            return tuple(x.new_full(shape, max(self.cell.initial.get(name, 0.0), lowest)) for name in memory)
        parts = (state,) if isinstance(state, Tensor) else tuple(state)
        if [tuple(part.shape) for part in parts] != [shape] * len(memory):
            given = ", ".join(str(tuple(part.shape)) for part in parts)
            raise UserError(f"The state has the shapes {given}; it must be {shape} for each of {', '.join(memory)}.")
        return parts


def _beside(parts: list[Tensor]) -> Tensor:
    """Return the directions' (T, B, H) beside each other; a single one is not copied."""
    return parts[0] if len(parts) == 1 else torch.cat(parts, -1)
