"""The compiled sums against those of torch operations."""

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from gatebench.errors import Refusal
from gatebench.machine import c_compiler
from gatebench.measures import gate_kernel
from gatebench.measures.gate_bins import SIGNED, UNBOUNDED, UNIT, Bins
from gatebench.measures.gate_kernel import KernelSums, kernel_trouble
from gatebench.measures.gate_sums import GateLayout, GateSums, TraceSums
from gatebench.measures.gate_trace import TorchSums
from tests.gatebench.measures.gate_examples import unit_trace

BINS = {"f": UNIT, "i": UNIT, "g": SIGNED, "s": UNBOUNDED}

if (reason := kernel_trouble()) is not None:
    pytest.skip(reason, allow_module_level=True)


def values_for(bins: Bins, T: int, B: int, H: int, seed: int) -> Tensor:
    """Return values that reach into all bins, some of them on edges."""
    values = unit_trace(T, B, H, seed)
    if bins is SIGNED:
        values = 2 * values - 1
    elif bins is UNBOUNDED:
        values = 30 * values - 15
    on_edge = torch.rand(T, B, H, generator=torch.Generator().manual_seed(seed)) < 0.2
    return torch.where(on_edge, (values * bins.per_one).round() / bins.per_one, values)


def layouts(H: int, layers: int = 1) -> tuple[GateLayout, ...]:
    return tuple(GateLayout(layer, gate, H, bins) for layer in range(layers) for gate, bins in BINS.items())


def network(T: int, B: int, H: int, seed: int, layers: int = 1) -> dict[int, dict[str, Tensor]]:
    return {
        layer: {gate: values_for(bins, T, B, H, seed + 10 * layer + n) for n, (gate, bins) in enumerate(BINS.items())}
        for layer in range(layers)
    }


def compare(found: TraceSums, expected: TraceSums) -> None:
    assert found.gates.keys() == expected.gates.keys()
    assert found.pairs.keys() == expected.pairs.keys()
    for key, gate in expected.gates.items():
        compare_gate(found.gates[key], gate)
    for layer, pair in expected.pairs.items():
        assert found.pairs[layer].gates == pair.gates
        x, y = (expected.gates[layer, gate].squares for gate in pair.gates)
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = np.sqrt(x * y)
            np.testing.assert_allclose(found.pairs[layer].products / scale, pair.products / scale, rtol=0, atol=1e-12)


def compare_gate(found: GateSums, expected: GateSums) -> None:
    assert (found.bins, found.steps, found.pairs) == (expected.bins, expected.steps, expected.pairs)
    np.testing.assert_array_equal(found.histogram, expected.histogram)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.sqrt(expected.squares) * math.sqrt(max(expected.steps, 1)) + np.abs(expected.total)
        np.testing.assert_allclose(found.total / scale, expected.total / scale, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.squares, expected.squares, rtol=1e-12, atol=1e-25)
    np.testing.assert_allclose(found.change, expected.change, rtol=1e-12, atol=0)


def both(H: int, layers: int = 1) -> tuple[KernelSums, TorchSums]:
    return KernelSums(layouts(H, layers), ("f", "i")), TorchSums(layouts(H, layers), ("f", "i"))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("H", [1, 3, 15, 16, 17, 31, 32, 50])
def test_the_sums_are_those_of_torch(H: int, dtype: torch.dtype) -> None:
    kernel, plain = both(H, layers=2)
    for seed in range(3):
        trace = {n: {g: v.to(dtype) for g, v in gates.items()} for n, gates in network(9, 5, H, seed, 2).items()}
        lengths = torch.tensor([9, 1, 0, 4, 6]) if seed else None
        for one in (kernel, plain):
            one.add(trace, lengths)
    compare(kernel.sums, plain.sums)


@given(
    st.integers(1, 40),
    st.integers(1, 20),
    st.integers(1, 40),
    st.integers(0, 10**6),
    st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from([math.nan, math.inf, -math.inf])), max_size=3),
    st.data(),
)
def test_any_shapes_lengths_and_values(
    T: int, B: int, H: int, seed: int, special: list[tuple[int, float]], data: st.DataObject
) -> None:
    trace = network(T, B, H, seed)
    for values in trace[0].values():
        for place, value in special:
            values.view(-1)[place % values.numel()] = value
    lengths = torch.tensor(data.draw(st.lists(st.integers(0, T), min_size=B, max_size=B)))
    kernel, plain = both(H)
    for one in (kernel, plain):
        one.add(trace, lengths)
    compare(kernel.sums, plain.sums)


@pytest.mark.parametrize(("T", "B"), [(1, 1), (500, 1), (3, 700), (300, 64), (241, 8)])
def test_many_tiles_and_chunks(T: int, B: int) -> None:
    kernel, plain = both(20)
    trace, lengths = network(T, B, 20, 0), torch.randint(0, T + 1, (B,), generator=torch.Generator().manual_seed(1))
    for one in (kernel, plain):
        one.add(trace, lengths)
        one.add(trace, None)
    compare(kernel.sums, plain.sums)


def test_padding_does_not_count_even_if_it_is_nan() -> None:
    trace, lengths = network(7, 5, 20, 0), torch.tensor([7, 1, 0, 4, 6])
    clean = KernelSums(layouts(20), ("f", "i"))
    clean.add(trace, lengths)
    for values in trace[0].values():
        for b, end in enumerate(lengths.tolist()):
            values[end:, b] = math.nan
    dirty = KernelSums(layouts(20), ("f", "i"))
    dirty.add(trace, lengths)
    for key, sums in clean.sums.gates.items():
        for name in ("total", "squares", "histogram", "change"):
            np.testing.assert_array_equal(getattr(dirty.sums.gates[key], name), getattr(sums, name))


def test_a_trace_with_strides_is_read_in_place_or_copied() -> None:
    wide = torch.rand(6, 4, 100)
    trace = {"f": wide[:, :, 10:30], "i": wide[:, :, 50:70], "g": wide.transpose(1, 2)[:, :20, :4].transpose(1, 2)}
    trace["s"] = torch.rand(20, 6, 4).permute(1, 2, 0)
    kernel, plain = both(20)
    for one in (kernel, plain):
        one.add({0: trace}, None)
    compare(kernel.sums, plain.sums)


def test_values_far_from_zero_keep_their_spread() -> None:
    values = 1e4 + torch.randn(2000, 3, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64) / 100
    kernel = KernelSums((GateLayout(0, "s", 1, UNBOUNDED),), None)
    kernel.add({0: {"s": values}}, None)
    assert kernel.sums.gates[0, "s"].std.item() == pytest.approx(values.numpy().std(), rel=1e-9)


def test_a_constant_gate_has_no_spread() -> None:
    kernel = KernelSums((GateLayout(0, "f", 17, UNIT),), None)
    kernel.add({0: {"f": torch.full((50, 7, 17), 0.3)}}, None)
    sums = kernel.sums.gates[0, "f"]
    assert not sums.squares.any()
    assert not sums.change.any()
    assert sums.mean.tolist() == [pytest.approx(float(torch.tensor(0.3)))] * 17


def test_the_sums_do_not_depend_on_the_number_of_threads(threads: int) -> None:
    trace, found = network(100, 30, 40, 0), []
    for number in (1, 2, 3):
        torch.set_num_threads(number)
        kernel = KernelSums(layouts(40), ("f", "i"))
        kernel.add(trace, None)
        found.append(kernel.sums)
    for sums in found[1:]:
        for key, gate in found[0].gates.items():
            for name in ("total", "squares", "histogram", "change"):
                np.testing.assert_array_equal(getattr(sums.gates[key], name), getattr(gate, name))
        np.testing.assert_array_equal(sums.pairs[0].products, found[0].pairs[0].products)


@pytest.fixture
def threads() -> Iterator[int]:
    before = torch.get_num_threads()
    yield before
    torch.set_num_threads(before)


def test_a_reset_kernel_starts_again() -> None:
    kernel, trace = KernelSums(layouts(20), ("f", "i")), network(7, 5, 20, 0)
    kernel.add(trace, None)
    before = kernel.sums
    kernel.reset()
    assert kernel.sums.gates[0, "f"].steps == 0
    kernel.add(trace, None)
    compare(kernel.sums, before)


@pytest.mark.parametrize("lengths", [[7, 7], [8, 1, 1, 1, 1], [-1, 1, 1, 1, 1]])
def test_wrong_lengths_are_refused_and_nothing_is_added(lengths: list[int]) -> None:
    kernel = KernelSums(layouts(20), ("f", "i"))
    with pytest.raises(ValueError, match="lengths must be 5 numbers from 0 to 7"):
        kernel.add(network(7, 5, 20, 0), torch.tensor(lengths))
    assert kernel.steps == 0


def test_wrong_units_are_refused() -> None:
    with pytest.raises(ValueError, match="f of layer 0 is"):
        KernelSums(layouts(20), None).add(network(7, 5, 19, 0), None)
    with pytest.raises(ValueError, match="f of layer 0 is"):
        KernelSums(layouts(3), None).add(network(7, 5, 5, 0), None)


def test_no_gates_and_no_steps() -> None:
    KernelSums((), None).add({0: {}}, None)
    kernel = KernelSums(layouts(20), None)
    kernel.add(network(7, 5, 20, 0), torch.zeros(5, dtype=torch.int64))
    kernel.add({0: {gate: torch.zeros(7, 0, 20) for gate in BINS}}, None)
    assert kernel.sums.gates[0, "f"].steps == 0
    kernel.add(network(7, 5, 20, 0), None)
    plain = TorchSums(layouts(20), None)
    plain.add(network(7, 5, 20, 0), None)
    compare(kernel.sums, plain.sums)


TARGETS = {"native": (), "without the widest vectors": ("-mno-avx512bw",), "the oldest": ("-march=x86-64",)}
WARNINGS = ("-Wall", "-Wextra", "-Wshadow", "-Werror", "-Wno-unknown-pragmas")


@pytest.mark.parametrize("target", TARGETS)
def test_other_instruction_sets_give_the_same_sums(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiler gives no warnings either."""
    found = c_compiler.compiler()
    assert found is not None
    built = replace(found, flags=(*found.flags, *TARGETS[target], *WARNINGS))
    monkeypatch.setattr(c_compiler, "compiler", lambda: built)
    gate_kernel._library.cache_clear()
    try:
        for dtype in (torch.float32, torch.float64):
            kernel, plain = both(37)
            for one in (kernel, plain):
                one.add({0: {g: v.to(dtype) for g, v in network(50, 11, 37, 3)[0].items()}}, None)
            compare(kernel.sums, plain.sums)
    except Refusal as refusal:
        if target == "native":
            raise
        pytest.skip(str(refusal))
    finally:
        gate_kernel._library.cache_clear()


@pytest.mark.parametrize(("name", "structure"), [("Gate", gate_kernel._Gate), ("Batch", gate_kernel._Batch)])
def test_the_structures_have_the_fields_of_the_c_source(name: str, structure: type) -> None:
    text = (files("gatebench.measures") / "c" / "gate_sums.c").read_text(encoding="utf-8")
    bodies = re.findall(r"typedef struct \{(.*?)\} (\w+);", text, re.DOTALL)
    body = re.sub(r"/\*.*?\*/", "", next(body for body, called in bodies if called == name))
    declared = [
        part.strip(" *\n") for line in body.split(";") for part in re.sub(r"^\s*(const )?\w+ ", "", line).split(",")
    ]
    fields: list[tuple[str, object]] = list(structure._fields_)  # type: ignore[attr-defined]
    assert [field for field in declared if field] == [field[0] for field in fields]
