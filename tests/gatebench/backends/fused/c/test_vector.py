"""The compiled's own functions against numpy's longest floats: every exponent, both signs, and what is not a number.

They are compiled for this machine and, where the compiler can, for it without its widest vectors and for the oldest
of its kind, so that every branch of the C text is run.
"""

import ctypes
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib.resources import files
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gatebench.backends import fused
from gatebench.backends.fused.emit.constants import constants_text
from gatebench.errors import Refusal
from gatebench.machine import c_compiler
from gatebench.spec import expression

Floats = NDArray[np.floating[Any]]
Long = NDArray[np.longdouble]

DTYPES: dict[str, np.dtype[Any]] = {"float": np.dtype(np.float32), "double": np.dtype(np.float64)}
TARGETS: dict[str, tuple[str, ...]] = {"native": (), "narrower": ("-mno-avx512f",), "oldest": ("-march=x86-64",)}
SIGMOID_ENDS = {"float": -87.0, "double": -708.0}  # below, sigmoid stays where it is


def log_sigmoid(x: Long) -> Long:
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


FUNCTIONS: dict[str, Callable[[Long], Long]] = {
    "exp": np.exp,
    "log": np.log,
    "tanh": np.tanh,
    "sigmoid": lambda x: np.exp(log_sigmoid(x)),
    "log_sigmoid": log_sigmoid,
    "relu": lambda x: np.maximum(x, 0),
    "hard_sigmoid": lambda x: np.clip(x / 6 + np.longdouble(0.5), 0, 1),
}
RELATIVE = {
    "exp": {"float": 1e-7, "double": 3e-16},
    "log": {"float": 1e-7, "double": 3e-16},
    "tanh": {"float": 5e-7, "double": 8e-16},
    "sigmoid": {"float": 2e-7, "double": 5e-16},
    "log_sigmoid": {"float": 2e-7, "double": 4e-16},
    "relu": {"float": 0.0, "double": 0.0},
    "hard_sigmoid": {"float": 1.2e-7, "double": 2.3e-16},
}
"""The largest error relative to the value, where the value is a normal number."""

INF, NAN = float("inf"), float("nan")
LIMITS: dict[str, list[tuple[float, float]]] = {
    "exp": [(INF, INF), (-INF, 0), (1e3, INF), (-1e3, 0), (0, 1)],
    "log": [(INF, INF), (-INF, NAN), (-1, NAN), (-1e-40, NAN), (0, -INF), (-0.0, -INF), (1, 0)],
    "tanh": [(INF, 1), (-INF, -1), (30, 1), (-1e30, -1)],
    "sigmoid": [(INF, 1), (1e3, 1), (0, 0.5)],
    "log_sigmoid": [(INF, 0), (-INF, -INF), (1e3, 0), (-1e3, -1e3)],
    "relu": [(INF, INF), (-INF, 0)],
    "hard_sigmoid": [(INF, 1), (-INF, 0), (3, 1), (-3, 0), (0, 0.5)],
}

builds = pytest.mark.parametrize(("real", "target"), [*product(DTYPES, TARGETS)])
functions = pytest.mark.parametrize("function", FUNCTIONS)
precise = pytest.mark.skipif(bool(np.finfo(np.longdouble).eps > 1e-18), reason="numpy has no floats beyond float64")


@cache
def library(real: str, target: str) -> ctypes.CDLL:
    """Return each function as a loop over arrays; those of two operands find the second behind the first."""
    source = "".join((files(fused) / "c" / f"{part}.c").read_text("utf-8") for part in ("machine", "vector"))
    one = dict.fromkeys((*FUNCTIONS, "positive", "between"), "load(x + i)")
    two = dict.fromkeys(("maximum", "wins"), "load(x + i), load(x + n + i)")
    loops = "".join(
        f"void map_{f}(real *x, int64_t n) {{\n"
        f"    for (int64_t i = 0; i < n; i += LANES) store(x + i, v_{f}({operands}));\n}}\n"
        for f, operands in (one | two).items()
    )
    found = c_compiler.compiler()
    assert found is not None
    built = replace(found, flags=(*found.flags, *TARGETS[target]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(c_compiler, "compiler", lambda: built)
        return c_compiler.load(
            f"#define REAL {real}\n#define DOUBLE {int(real == 'double')}\n{constants_text()}{source}\n{loops}",
            "fused",
        )


def applied(function: str, real: str, target: str, *operands: Floats) -> Floats:
    try:
        loaded = library(real, target)
    except Refusal as refusal:
        if target == "native":
            raise
        pytest.skip(str(refusal))
    size, length = len(operands[0]), -(-len(operands[0]) // 64) * 64
    padded = np.zeros((len(operands), length), DTYPES[real])
    padded[:, :size] = operands
    getattr(loaded, f"map_{function}")(ctypes.c_void_p(padded.ctypes.data), ctypes.c_int64(length))
    return padded[0, :size]


@cache
def numbers(real: str) -> Floats:
    """Return finite floats of every sign and exponent, denormals, and many in the ranges that gates see."""
    dtype = DTYPES[real]
    anywhere = np.frombuffer(np.random.default_rng(0).bytes(40_000 * dtype.itemsize), dtype)
    denormal = np.finfo(dtype).smallest_subnormal * np.arange(1, 1000, dtype=dtype)
    wide, near = np.linspace(-800, 800, 32_001), np.linspace(-1, 1, 32_001)
    ranges = (x.astype(dtype) for x in (wide, 30 * near, near, 1 + near**5))
    return np.concatenate([anywhere[np.isfinite(anywhere)], denormal, *ranges])


@cache
def exact_numbers(function: str, real: str) -> Long:
    return exact(function, real, numbers(real))


def exact(function: str, real: str, x: Floats) -> Long:
    low = SIGMOID_ENDS[real] if function == "sigmoid" else -INF
    with np.errstate(all="ignore"):
        return FUNCTIONS[function](np.maximum(x, DTYPES[real].type(low)).astype(np.longdouble))


def assert_bound(function: str, real: str, found: Floats, exactly: Long) -> None:
    limits, size = np.finfo(DTYPES[real]), np.abs(exactly)
    normal, little, large = (size >= limits.tiny) & (size <= limits.max), size < limits.tiny, size > limits.max
    scale = 1 if function == "hard_sigmoid" else size[normal]  # which cancels near its corner
    assert (np.abs(found[normal] - exactly[normal]) / scale).max(initial=0) <= RELATIVE[function][real]
    assert np.abs(found[little] - exactly[little]).max(initial=0) <= limits.smallest_subnormal
    assert np.array_equal(found[large], INF * np.sign(exactly[large]))
    assert np.isnan(found[np.isnan(exactly)]).all()


@precise
@functions
@builds
def test_the_stated_error_bound(real: str, target: str, function: str) -> None:
    assert_bound(function, real, applied(function, real, target, numbers(real)), exact_numbers(function, real))


@precise
@functions
@builds
def test_the_stated_error_bound_wherever_hypothesis_looks(real: str, target: str, function: str) -> None:
    drawn = st.floats(width=32) if real == "float" else st.floats()

    @settings(deadline=None, max_examples=25)
    @given(st.lists(drawn, min_size=1, max_size=20))
    def holds(values: list[float]) -> None:
        x: Floats = np.array(values, DTYPES[real])
        assert_bound(function, real, applied(function, real, target, x), exact(function, real, x))

    holds()


@functions
@builds
def test_limits_and_nan(real: str, target: str, function: str) -> None:
    pairs: Floats = np.array([*LIMITS[function], (NAN, NAN)], DTYPES[real])
    x, y = pairs[:, 0], pairs[:, 1]
    assert np.array_equal(applied(function, real, target, x), y, equal_nan=True)


@builds
def test_sigmoid_ends_at_a_normal_number(real: str, target: str) -> None:
    low, tiny = SIGMOID_ENDS[real], np.finfo(DTYPES[real]).tiny
    found = applied("sigmoid", real, target, np.array([low, low - 1, -1e30, -INF], DTYPES[real]))
    assert (found == found[0]).all()
    assert tiny < found[0] < 2 * tiny


@builds
def test_tanh_is_bounded_by_one_odd_and_keeps_the_sign_of_zero(real: str, target: str) -> None:
    x = np.linspace(0, 20, 40_001).astype(DTYPES[real])
    y, mirrored = applied("tanh", real, target, x), applied("tanh", real, target, -x)
    assert y.max() == 1
    assert np.array_equal(mirrored, -y)
    assert not np.signbit(y).any()
    assert np.signbit(mirrored).all()


@functions
@builds
def test_a_result_does_not_depend_on_its_lane(real: str, target: str, function: str) -> None:
    x = np.random.default_rng(1).normal(scale=4, size=1024).astype(DTYPES[real])
    y = applied(function, real, target, x)
    for shift in (1, 3):
        assert np.array_equal(applied(function, real, target, np.roll(x, shift)), np.roll(y, shift), equal_nan=True)


@builds
def test_jumps_and_the_larger_of_two(real: str, target: str) -> None:
    a, b = np.array([[1, 0, -0.0, 0.5, 2, NAN], [0.5, 0, 1, NAN, INF, 1]], DTYPES[real])
    assert applied("positive", real, target, a).tolist() == [1, 0, 0, 1, 1, 0]
    assert applied("between", real, target, a).tolist() == [0, 0, 0, 1, 0, 0]
    assert applied("wins", real, target, a[:3], b[:3]).tolist() == [1, 0.5, 0]
    assert np.array_equal(applied("maximum", real, target, a, b), np.maximum(a, b), equal_nan=True)


def test_every_function_of_formulas_is_tested() -> None:
    """`maximum`, of two operands, has tests of its own."""
    assert set(FUNCTIONS) == set(RELATIVE) == set(LIMITS) == set(expression.FUNCTIONS) - {"maximum"}
