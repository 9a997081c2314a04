"""`Recurrent`: torch.nn.LSTM's manners for any cell on any backend. T time, B batch, I input, H hidden, D directions."""

from collections.abc import Iterator

import torch
from torch import Generator, Tensor, nn

from gatebench.backends import Run, Workload, choose
from gatebench.derive.count import shapes
from gatebench.errors import UserError, out_of_range
from gatebench.spec import Cell
from gatebench.start import start_weights

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
        device, dtype: of the weights.

    Raises:
        UserError: a size is out of range, or the cell cannot have these sizes.
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
            if size < 1:
                raise out_of_range(label, size, "a whole number of at least 1")
        if not 0 <= dropout < 1:
            raise out_of_range("dropout", dropout, "at least 0 and less than 1")
        self.cell, self.input_size, self.hidden_size, self.num_layers = cell, input_size, hidden_size, num_layers
        self.batch_first, self.bidirectional, self.dropout, self.backend = batch_first, bidirectional, dropout, backend
        self.steps = steps
        self.backends_used: tuple[str, ...] = ()
        self.layers = nn.ModuleList()
        for layer in range(num_layers):
            width = input_size if layer == 0 else hidden_size * self.directions
            if cell.definitions.square and width != hidden_size:
                raise UserError(f"{cell.name} adds its input to hidden units, so it needs I = H; here I = {width} and H = {hidden_size}.")
            wanted = shapes(cell, width, hidden_size)
            for _ in range(self.directions):
                empty = {_attribute(n): nn.Parameter(torch.empty(s, device=device, dtype=dtype)) for n, s in wanted.items()}
                self.layers.append(nn.ParameterDict(empty))
        self.reset_parameters(generator)

    @property
    def directions(self) -> int:
        """2 if bidirectional, else 1."""
        return 2 if self.bidirectional else 1

    def gate_parameters(self, layer: int, reverse: bool = False) -> dict[str, Tensor]:
        """Return the weights of a layer by the table's names: {"W.f": (H, I), "R.f": (H, H), "b.f": (H,), …}."""
        held = self.layers[layer * self.directions + reverse]
        return {name: held[_attribute(name)] for name in self.cell.parameters}

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """Start all weights anew from the generator, layer by layer."""
        generator = generator or torch.default_generator
        for layer, reverse in self._passes():
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
            output (T, B, D · H) and the state after the last step, in the form of `state`.

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

        The backend is chosen for tracing, apart from the layer's own: kernels that keep their gates to themselves refuse.
        """
        return self._run(x, state, lengths, backend, trace=True)

    def extra_repr(self) -> str:
        """Describe the layer in one line."""
        return f"{self.cell.name}, I={self.input_size}, H={self.hidden_size}, layers={self.num_layers}, backend={self.backend}"

    def _passes(self) -> Iterator[tuple[int, bool]]:
        return ((layer, reverse) for layer in range(self.num_layers) for reverse in (False, True)[: self.directions])

    def _run(
        self, x: Tensor, state: State | None, lengths: Tensor | None, backend: str, *, trace: bool
    ) -> tuple[Tensor, State, Trace]:
        x = x.transpose(0, 1) if self.batch_first and x.dim() == 3 else x
        start = self._start(x, state)
        if lengths is not None:
            lengths = _checked(lengths, x)
            x = torch.where(_alive(lengths, x), x, 0.0)
        gates: Trace = {}
        ends: list[tuple[Tensor, ...]] = []
        used: list[str] = []
        for layer in range(self.num_layers):
            if layer and self.dropout:
                x = nn.functional.dropout(x, self.dropout, self.training)
            runs = [self._pass(x, start, lengths, layer, bool(d), backend, trace, used) for d in range(self.directions)]
            x = torch.cat([run.output for run in runs], -1)
            ends.extend(run.state for run in runs)
            gates[layer] = {g: torch.cat([run.gates[g] for run in runs], -1) for g in runs[0].gates}
        if not trace:  # what the network ran on is on the record; a look at its gates is not
            self.backends_used = tuple(dict.fromkeys(used))
        final = tuple(torch.stack(parts) for parts in zip(*ends, strict=True))
        output = x.transpose(0, 1) if self.batch_first else x
        return output, final if len(final) > 1 else final[0], gates

    def _pass(
        self,
        x: Tensor,
        start: tuple[Tensor, ...],
        lengths: Tensor | None,
        layer: int,
        reverse: bool,
        backend: str,
        trace: bool,
        used: list[str],
    ) -> Run:
        T, B, I = x.shape  # noqa: E741
        shortest = None if lengths is None else int(lengths.min()) if B else None
        work = Workload(T, B, I, self.hidden_size, str(x.dtype).removeprefix("torch."), x.device.type, trace, shortest)
        chosen = choose(backend, self.cell, work)
        used.append(chosen.NAME)
        memory = tuple(part[layer * self.directions + reverse] for part in start)
        weights = self.gate_parameters(layer, reverse)
        if not reverse:
            return chosen.run(self.cell, weights, x, memory, lengths, trace)
        backwards = chosen.run(self.cell, weights, _flip(x, lengths), memory, lengths, trace)
        traced = {g: _flip(values, lengths) for g, values in backwards.gates.items()}
        return Run(_flip(backwards.output, lengths), backwards.state, traced)

    def _start(self, x: Tensor, state: State | None) -> tuple[Tensor, ...]:
        if x.dim() != 3 or x.shape[-1] != self.input_size:
            raise UserError(f"x has the shape {tuple(x.shape)}; it must be (T, B, I) with I = {self.input_size}.")
        if x.shape[0] == 0:
            raise UserError("x has no steps; T must be at least 1.")
        shape = (self.num_layers * self.directions, x.shape[1], self.hidden_size)
        memory = self.cell.memory
        if state is None:
            return tuple(x.new_full(shape, self.cell.initial.get(name, 0.0)) for name in memory)
        parts = (state,) if isinstance(state, Tensor) else tuple(state)
        if [tuple(part.shape) for part in parts] != [shape] * len(memory):
            given = ", ".join(str(tuple(part.shape)) for part in parts)
            raise UserError(f"The state has the shapes {given}; it must be {shape} for each of {', '.join(memory)}.")
        return parts


def _attribute(name: str) -> str:
    return name.replace(".", "_")


def _checked(lengths: Tensor, x: Tensor) -> Tensor:
    T, B = x.shape[:2]
    if lengths.shape != (B,) or lengths.is_floating_point() or (B and not 0 <= int(lengths.min()) <= int(lengths.max()) <= T):
        raise UserError(f"lengths must be {B} whole numbers from 0 to {T}, one a sequence.")
    return lengths


def _alive(lengths: Tensor, x: Tensor) -> Tensor:
    """Return (T, B, 1): which steps belong to a sequence."""
    return (torch.arange(len(x), device=x.device)[:, None] < lengths.to(x.device))[..., None]


def _flip(values: Tensor, lengths: Tensor | None) -> Tensor:
    """Return (T, B, ·) with every sequence reversed in its own length; what lies behind stays."""
    if lengths is None:
        return values.flip(0)
    t = torch.arange(len(values), device=values.device)[:, None]
    lengths = lengths.to(values.device)
    index = torch.where(t < lengths, lengths - 1 - t, t)
    return values.gather(0, index[..., None].expand_as(values))


