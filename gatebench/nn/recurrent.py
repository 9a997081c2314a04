"""`Recurrent`: a torch module with the interface of `torch.nn.LSTM`, for any cell and any backend.

T time, B batch, I input, H hidden, L layers, D directions.
"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from types import MappingProxyType

import torch
from torch import Generator, Tensor, nn

from gatebench.backends.contract import Backend, LayerResult, Workload
from gatebench.backends.lengths import checked_lengths, reversed_sequences, step_mask
from gatebench.backends.names import AUTO, COMPILED
from gatebench.backends.registry import find
from gatebench.backends.tracing import constant_in_programs, is_traced
from gatebench.errors import UserError, out_of_range
from gatebench.nn.backend_choice import Gates, Names, Pair, backends_of, choose_backends, names_in_program
from gatebench.nn.batch_draws import BatchDraws
from gatebench.nn.gates_of_outputs import gates_of_outputs
from gatebench.nn.initial_weights import attributes, empty_weights, initialise_weights, weights_in
from gatebench.nn.low_precision import products_dtype, raised, with_products
from gatebench.nn.masks import dropout
from gatebench.nn.sequence_dropout import (
    NO_SEQUENCE_DROPOUT,
    SequenceDropout,
    check_recurrent_weights,
    dropped_weights,
    masked_cell,
)
from gatebench.nn.truncation import chunk_workload, run_in_chunks
from gatebench.spec.cell import Cell
from gatebench.spec.dated import now
from gatebench.spec.expression import names

State = Tensor | tuple[Tensor, ...]
"""The memory of a cell, (L · D, B, H) each: one tensor for a cell that stores one, a tuple for more."""

Trace = dict[int, dict[str, Tensor]]
"""The values of the gates by layer and gate, (T, B, D · H) each."""


class Recurrent(nn.Module):
    """One or more layers of a recurrent cell. The interface follows `torch.nn.LSTM`.

    Layer 0 reads x. Every other layer reads the output of the layer below it, after dropout.

    Under `torch.autocast` the output, the states and the gates are float32. On the backends `triton` and `fused` the
    factors of matrix products are bfloat16 if autocast asks for it; on all other backends they are float32. See
    `gatebench.nn.low_precision`.

    Args:
        cell: the table of gates, states and equations.
        input_size: I.
        hidden_size: H.
        num_layers: L, the number of stacked layers.
        batch_first: whether x and the output are (B, T, ·) instead of (T, B, ·). It does not change the state.
        bidirectional: whether every layer also runs from the last step to the first. Then D = 2, and the output of a
            layer is (T, B, 2 · H): the forward direction first.
        dropout: probability that a value between two layers is set to 0 in training mode, from 0 to less than 1.
        sequence_dropout: dropout whose masks hold for all steps of a sequence, in training mode.
        truncation: K, the number of steps after which gradients end in training mode (truncated back-propagation); 0
            for none. Each direction counts its steps from the one that it begins with.
        draws: the source of the masks of `sequence_dropout`; None: torch's global generator.
        backend: the name of a backend, or "auto" for the fastest that does not refuse.
        steps: the longest T of the task, for cells with "chrono" biases.
        initial_weights: {letter: rule} of the initial weights for which the cell has no rule, see
            `gatebench.spec.initial_rules.network_rules`; a letter without a rule is uniform in ±1/√H.
        generator: the source of the initial weights; torch's global generator if None.
        device: of the weights; torch's default if None.
        dtype: of the weights; torch's default if None.

    Attributes:
        layers: the weights, one `torch.nn.ParameterDict` for each layer and direction; see `gate_parameters`.
        backends_used: names of the backends of the last call of `forward` or `forward_with_gates`, each once; empty
            before the first call.
        gate_backends_used: names of the backends that computed the gates of the last call of `forward_with_gates`, each
            once; "reference" for gates that were computed from the outputs. Empty before the first call.

    Raises:
        UserError: a size or the dropout is out of range, the cell cannot have these sizes, an ablation made a state
            constant that another formula reads, a "chrono" bias has no `steps`, or there is no backend of this name.

    Examples:
        >>> from gatebench import load_cell
        >>> layer = Recurrent(load_cell("lstm").fix("i", 1), input_size=8, hidden_size=16, backend="reference")
        >>> output, (h, c) = layer(torch.zeros(50, 4, 8))
        >>> output.shape, h.shape
        (torch.Size([50, 4, 16]), torch.Size([1, 4, 16]))
        >>> output, state, gates = layer.trace(torch.zeros(50, 4, 8), backend="reference")
        >>> gates[0]["f"].shape
        torch.Size([50, 4, 16])
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
        sequence_dropout: SequenceDropout = NO_SEQUENCE_DROPOUT,
        truncation: int = 0,
        draws: BatchDraws | None = None,
        backend: str = "auto",
        steps: int | None = None,
        initial_weights: Mapping[str, str] = MappingProxyType({}),
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
        if truncation < 0:
            raise out_of_range("truncation", truncation, "a whole number of at least 0")
        if backend != AUTO:
            find(backend)
        _check_states(cell)
        self.cell = cell
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.batch_first = batch_first
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.sequence_dropout = sequence_dropout
        self.truncation = truncation
        self.draws = BatchDraws() if draws is None else draws
        self._attributes = attributes(cell)
        self._masked_cell = masked_cell(cell) if sequence_dropout.recurrent else cell
        if sequence_dropout.weights:
            check_recurrent_weights(cell, "weight drop")
        self.backend = backend
        self.steps = steps
        self.initial_weights = dict(initial_weights)
        self.backends_used: tuple[str, ...] = ()
        self.gate_backends_used: tuple[str, ...] = ()
        self.layers = nn.ModuleList()
        for layer in range(num_layers):
            layer_input_size = input_size if layer == 0 else hidden_size * self.directions
            for _ in self._directions:
                self.layers.append(empty_weights(cell, layer_input_size, hidden_size, device, dtype))
        self.reset_parameters(generator)

    @property
    def directions(self) -> int:
        """D: 2 if bidirectional, else 1."""
        return 1 + self.bidirectional

    def gate_parameters(self, layer: int, reverse: bool = False) -> dict[str, Tensor]:
        """Return the weights of a layer by the table's names: {"W.f": (H, I), "R.f": (H, H), "b.f": (H,), …}.

        Args:
            layer: from 0 to L - 1.
            reverse: whether to return the weights of the direction that runs from the last step to the first.

        Raises:
            UserError: there is no such layer, or no reverse direction.
        """
        if not 0 <= layer < self.num_layers or reverse not in self._directions:
            raise out_of_range("layer, reverse", (layer, reverse), f"within {self.num_layers} × {self.directions}")
        return weights_in(self._attributes, self.layers[layer * self.directions + reverse])

    def initial_state(self, x: Tensor, layers: int | None = None) -> tuple[Tensor, ...]:
        """Return the memory before the first step if none is given: the values in `cell.initial`, else 0.

        Args:
            x: (T, B, I), whose B, dtype and device the memory has.
            layers: the number of layers and directions; None: L · D.

        Returns:
            (layers, B, H) each, in the order of `cell.memory`.
        """
        shape = (layers or self.num_layers * self.directions, x.shape[1], self.hidden_size)
        lowest = torch.finfo(x.dtype).min  # an initial value of -1e30 does not fit into float16
        return tuple(x.new_full(shape, max(self.cell.initial.get(name, 0.0), lowest)) for name in self.cell.memory)

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """Draw all initial weights again from the generator, layer by layer; the forward direction first.

        Args:
            generator: the source of randomness, on the CPU; torch's global generator if None.

        Raises:
            UserError: a bias is "chrono" and `steps` is None or less than 2.
        """
        generator = generator or torch.default_generator
        for layer, reverse in product(range(self.num_layers), self._directions):
            weights = self.gate_parameters(layer, reverse)
            # Drawn on the CPU and then copied: the same seed gives the same weights on every device.
            drawn = {name: torch.empty(weight.shape, dtype=weight.dtype) for name, weight in weights.items()}
            initialise_weights(self.cell, drawn, self.hidden_size, generator, self.steps, self.initial_weights)
            with torch.no_grad():
                for name, weight in weights.items():
                    weight.copy_(drawn[name])

    def forward(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """Run the layers.

        Args:
            x: (T, B, I), or (B, T, I) with batch_first.
            state: the memory before the first step, (L · D, B, H) each, in the order of `cell.memory`: one tensor if
                the cell stores one, a tuple if it stores more. If None, the values in `cell.initial`, else 0.
            lengths: (B,) whole numbers from 0 to T. The steps after the end of a sequence do not change its state, and
                their output is 0. If None, all sequences have T steps. If they lie on a GPU, the program waits for it.

        Returns:
            The output (T, B, D · H), or (B, T, D · H) with batch_first, not always contiguous; and the state after the
            last step, in the form of `state`.

        Raises:
            UserError: a shape or a dtype does not fit, or T is 0.
            Refusal: the named backend cannot run this cell on this input.
        """
        output, final, _ = self._run(x, state, lengths, self.backend, "none")
        return output, final

    def forward_with_gates(
        self, x: Tensor, state: State | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, State, Trace]:
        """Run the layers as `forward` does, and also return the values of all gates.

        One pass computes both if the layer's backend returns gates. If it does not, a compiled backend computes the
        gates in a second pass. Where there is none, as on a GPU, they are computed from the outputs, for all steps at
        once; see `gatebench.nn.gates_of_outputs`. No gradient flows through gates that the layer's backend did not
        return.

        Args:
            x: as in `forward`.
            state: as in `forward`.
            lengths: as in `forward`.

        Returns:
            The output and the state, bit for bit those of `forward`; and the gates as in `trace`.

        Raises:
            UserError: a shape or a dtype does not fit, or T is 0.
            Refusal: the named backend cannot run this cell on this input.
        """
        return self._run(x, state, lengths, self.backend, "of any backend")

    def trace(
        self, x: Tensor, state: State | None = None, lengths: Tensor | None = None, *, backend: str = "auto"
    ) -> tuple[Tensor, State, Trace]:
        """Run the layers, and also return the values of all gates.

        Args:
            x: as in `forward`.
            state: as in `forward`.
            lengths: as in `forward`.
            backend: the name of a backend, or "auto". It replaces `self.backend`, because some backends do not return
                gates and refuse.

        Returns:
            The output and the state as in `forward`, and the gates: `gates[layer]["f"]` is (T, B, D · H), with time
            first also if batch_first. The values after the end of a sequence have no meaning.

        Raises:
            UserError: a shape or a dtype does not fit, or T is 0.
            Refusal: the named backend cannot run this cell on this input, or cannot return gates.
        """
        return self._run(x, state, lengths, backend, "of the backend")

    def extra_repr(self) -> str:
        """Describe the layer in one line."""
        sizes = f"I={self.input_size}, H={self.hidden_size}, layers={self.num_layers}"
        return f"{self.cell.name}, {sizes}, backend={self.backend}"

    @property
    def _directions(self) -> tuple[bool, ...]:
        """For each direction of a layer, whether it is the reverse one."""
        return (False, True)[: self.directions]

    def _run(
        self, x: Tensor, state: State | None, lengths: Tensor | None, backend: str, wanted: Gates
    ) -> tuple[Tensor, State, Trace]:
        """Run all layers; see `forward`, `forward_with_gates` and `trace`. The trace is empty without gates."""
        if not isinstance(x, Tensor) or (products := products_dtype(x)) is None:
            return self._run_layers(x, state, lengths, backend, wanted, None)
        if state is not None:
            state = raised(state) if isinstance(state, Tensor) else tuple(raised(part) for part in state)
        with torch.autocast(x.device.type, enabled=False):
            return self._run_layers(raised(x), state, lengths, backend, wanted, products)

    def _run_layers(
        self,
        x: Tensor,
        state: State | None,
        lengths: Tensor | None,
        backend: str,
        wanted: Gates,
        products: torch.dtype | None,
    ) -> tuple[Tensor, State, Trace]:
        """Run all layers; `products` is the dtype of matrix products that autocast asks for, None without autocast."""
        if self.batch_first and isinstance(x, Tensor) and x.dim() == 3:
            x = x.transpose(0, 1)
        self._check_input(x)
        initial = self.initial_state(x) if state is None else self._checked_state(x, state)
        shortest = None
        if lengths is not None:
            if is_traced():  # no decision may depend on the values, so any length has to be possible
                shortest = 0
            else:
                lengths = checked_lengths(lengths, x)
                shortest = int(lengths.min()) if len(lengths) else None
                if shortest == x.shape[0]:
                    lengths = shortest = None  # all sequences have T steps, so that there is no padding
            if lengths is not None:
                x = torch.where(step_mask(lengths, x), x, 0.0)

        gates: Trace = {}
        final_states: list[tuple[Tensor, ...]] = []  # one for each layer and direction
        backends_used: list[str] = []
        gate_backends_used: list[str] = []
        for layer in range(self.num_layers):
            if layer and self.dropout:
                x = dropout(x, self.dropout, self.training)
            if self.training and (probability := self.sequence_dropout.inputs):
                x = x * self.draws.example_mask(x, x.shape[-1], probability)
            pair = self._choose(backend, layer, x, shortest, wanted, products)
            layer_backend, gate_backend = with_products(pair, products)
            results = [
                self._run_direction(layer_backend, gate_backend, x, initial, lengths, layer, reverse)
                for reverse in self._directions
            ]
            gates[layer] = {gate: _concatenated([r.gates[gate] for r in results]) for gate in results[0].gates}
            backends_used.append(layer_backend.NAME)
            gate_backends_used += [gate_backend.NAME] if gate_backend else []
            x = _concatenated([result.output for result in results])
            final_states.extend(result.state for result in results)

        if wanted != "of the backend":  # a trace may use another backend than the network does
            self.backends_used = tuple(dict.fromkeys(backends_used))
        if wanted == "of any backend":
            self.gate_backends_used = tuple(dict.fromkeys(gate_backends_used))
        output = x.transpose(0, 1) if self.batch_first else x
        final = tuple(_stacked(parts) for parts in zip(*final_states, strict=True))
        return output, final if len(final) > 1 else final[0], gates

    def _choose(
        self, backend: str, layer: int, x: Tensor, shortest: int | None, wanted: Gates, products: torch.dtype | None
    ) -> Pair:
        """Return the backends of a layer."""
        if torch.compiler.is_compiling():
            number_types = (x.dtype, products)
            return backends_of(self._choose_in_program(backend, layer, number_types, x.device.type, shortest, wanted))
        work = Workload.of(x, self.hidden_size, wanted == "of the backend", shortest)
        if products is not None:
            work = replace(work, products=str(products).removeprefix("torch."))
        if steps := self._truncation_now(x):
            work = chunk_workload(work, steps)
        return choose_backends(backend, self._cell_now, work, wanted)

    @constant_in_programs
    def _choose_in_program(
        self,
        backend: str,
        layer: int,
        number_types: tuple[torch.dtype, torch.dtype | None],
        device: str,
        shortest: int | None,
        wanted: Gates,
    ) -> Names:
        """Return the backends of a layer in a compiled program, whatever T and B are.

        `number_types` are that of x, and the one that autocast asks for.
        """
        dtype, products = number_types
        inputs = self.input_size if layer == 0 else self.hidden_size * self.directions
        number_type = str(dtype).removeprefix("torch.")
        work = Workload(2, 2, inputs, self.hidden_size, number_type, device, wanted == "of the backend", shortest)
        pair = choose_backends(backend, self._cell_now, work, wanted)
        return names_in_program(pair, self._cell_now, dtype, inputs, products)

    @property
    def _cell_now(self) -> Cell:
        """The cell that the backends compute: in training mode the one with a mask, if there is recurrent dropout."""
        return self._masked_cell if self.training else self.cell

    def _truncation_now(self, x: Tensor) -> int:
        """Return the number of steps after which gradients end; 0 if they do not end."""
        if not (self.training and self.truncation):
            return 0
        return self.truncation if self.truncation < x.shape[0] else 0

    def _run_direction(
        self,
        backend: Backend,
        gate_backend: Backend | None,
        x: Tensor,
        initial: tuple[Tensor, ...],
        lengths: Tensor | None,
        layer: int,
        reverse: bool,
    ) -> LayerResult:
        """Run one layer in one direction. The reverse one gets every sequence reversed; its results are reversed."""
        cell, weights = self._cell_now, self.gate_parameters(layer, reverse)
        state = tuple(part[layer * self.directions + reverse] for part in initial)
        read = reversed_sequences(x, lengths) if reverse else x
        if self.training and self.sequence_dropout.weights:
            weights = dropped_weights(weights, self.draws, self.sequence_dropout.weights)
        own = len(self.cell.states)
        if cell is not self.cell:
            mask = self.draws.example_mask(x, self.hidden_size, self.sequence_dropout.recurrent)
            state = (*state[:own], mask, *state[own:])
        if steps := self._truncation_now(x):
            result = run_in_chunks(backend, cell, weights, read, state, lengths, backend is gate_backend, steps)
        else:
            result = backend.run(cell, weights, read, state, lengths, backend is gate_backend)
        if gate_backend is not None and gate_backend is not backend:
            with torch.no_grad():
                if gate_backend.NAME in COMPILED:
                    gates = gate_backend.run(cell, weights, read, state, lengths, True).gates
                else:
                    gates = gates_of_outputs(cell, weights, read, state, result.output)
            result = LayerResult(result.output, result.state, gates)
        if cell is not self.cell:
            result = replace(result, state=(*result.state[:own], *result.state[own + 1 :]))
        if not reverse:
            return result
        gates = {gate: reversed_sequences(values, lengths) for gate, values in result.gates.items()}
        return LayerResult(reversed_sequences(result.output, lengths), result.state, gates)

    def _check_input(self, x: Tensor) -> None:
        """Raise `UserError` unless x is a floating-point tensor (T, B, I) with at least one step."""
        if not isinstance(x, Tensor):
            raise UserError(f"x is a {type(x).__name__}; it must be a padded tensor, with lengths= beside it.")
        if x.dim() != 3 or x.shape[-1] != self.input_size:
            form = "(B, T, I)" if self.batch_first else "(T, B, I)"
            raise UserError(f"x has the shape {tuple(x.shape)}; it must be {form} with I = {self.input_size}.")
        if not x.is_floating_point():
            raise UserError(f"x holds {x.dtype}; it must hold floating-point numbers.")
        if x.shape[0] == 0:
            raise UserError("x has no steps; T must be at least 1.")

    def _checked_state(self, x: Tensor, state: State) -> tuple[Tensor, ...]:
        """Return the given memory as a tuple, (L · D, B, H) each."""
        shape = (self.num_layers * self.directions, x.shape[1], self.hidden_size)
        parts = (state,) if isinstance(state, Tensor) else tuple(state)
        memory = self.cell.memory
        if [tuple(part.shape) for part in parts] != [shape] * len(memory):
            given = ", ".join(str(tuple(part.shape)) for part in parts)
            raise UserError(f"The state has the shapes {given}; it must be {shape} for each of {', '.join(memory)}.")
        return parts


def _stacked(parts: tuple[Tensor, ...]) -> Tensor:
    """Return the (B, H) of all layers and directions as (L · D, B, H); a single one is not copied."""
    return parts[0].unsqueeze(0) if len(parts) == 1 else torch.stack(parts)


def _concatenated(directions: list[Tensor]) -> Tensor:
    """Return the (T, B, H) of all directions as (T, B, D · H); a single one is not copied."""
    return directions[0] if len(directions) == 1 else torch.cat(directions, -1)


def _check_states(cell: Cell) -> None:
    """Raise `UserError` if a state is the same number in every step and another formula of the step reads it.

    The backends compute with tensors, and such a formula, tanh(0) for example, has none.
    """
    formulas = cell.definitions.formulas
    read = {dated for formula in formulas.values() for dated in names(formula)}
    for state in cell.states:
        if now(state) in read and (value := formulas[now(state)].value) is not None:
            raise UserError(f"{cell.name} cannot be run: an ablation makes its state {state} {value:g} in every step.")
