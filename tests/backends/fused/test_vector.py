"""The kernel's own float32 functions against float64, over every exponent, both signs, and what is not a number."""

import ctypes
from importlib.resources import files

import pytest
import torch
from torch import Tensor

from gatebench.backends.fused.compiler import load

FUNCTIONS = {
    "exp": torch.exp,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "log_sigmoid": torch.nn.functional.logsigmoid,
    "relu": torch.relu,
    "hard_sigmoid": torch.nn.functional.hardsigmoid,
    "log": torch.log,
}
RELATIVE = {
    "exp": 2.5e-7,
    "sigmoid": 4e-7,
    "tanh": 5e-7,
    "log_sigmoid": 4e-7,
    "relu": 0.0,
    "hard_sigmoid": 1.2e-7,
    "log": 1.2e-7,
}
"""The largest error relative to the value, where the value is a normal number."""


def library() -> ctypes.CDLL:
    source = (files("gatebench.backends.fused") / "vector.c").read_text(encoding="utf-8")
    loops = "".join(
        f"void map_{f}(real *x, int64_t n) {{\n"
        f"    for (int64_t i = 0; i < n; i += LANES) store(x + i, v_{f}(load(x + i)));\n}}\n"
        for f in FUNCTIONS
    )
    return load(f"#define REAL float\n#define DOUBLE 0\n{source}\n{loops}")


def applied(function: str, x: Tensor) -> Tensor:
    padded = torch.nn.functional.pad(x, (0, -len(x) % 64))
    getattr(library(), f"map_{function}")(ctypes.c_void_p(padded.data_ptr()), ctypes.c_int64(len(padded)))
    return padded[: len(x)]


def numbers() -> Tensor:
    """Return floats of every sign and exponent, and many in the range that gates see."""
    generator = torch.Generator().manual_seed(0)
    anywhere = torch.randint(-(2**31), 2**31, (200_000,), generator=generator).to(torch.int32).view(torch.float32)
    near = torch.linspace(-100, 100, 400_001)
    return torch.cat([anywhere[anywhere.isfinite()], near, near / 100, torch.tensor([0.0, -0.0])])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_stated_error_bound(function: str) -> None:
    x = numbers().abs() if function == "log" else numbers()
    wanted, found = FUNCTIONS[function](x.double()), applied(function, x).double()
    limits = torch.finfo(torch.float32)
    scale = torch.ones_like(wanted) if function == "hard_sigmoid" else wanted.abs()  # which cancels near its corner
    normal = (wanted.abs() >= 2e-38) & (wanted.abs() <= limits.max)
    assert float(((found - wanted).abs() / scale)[normal].max()) <= RELATIVE[function]
    assert float((found - wanted).abs()[wanted.abs() < 2e-38].max()) <= 2e-38  # what is hardly a number stays so
    assert (found[wanted > limits.max] == float("inf")).all()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_infinities_and_nan(function: str) -> None:
    x = torch.tensor([float("inf"), float("-inf"), float("nan")])
    wanted = FUNCTIONS[function](x)
    found = applied(function, x)
    assert torch.equal(found.isnan(), wanted.isnan())
    finite = wanted.isfinite()
    torch.testing.assert_close(found[finite], wanted[finite], rtol=0.0, atol=1e-37)


def test_tanh_is_bounded_by_one_and_odd() -> None:
    x = torch.linspace(0, 20, 100_001)
    y = applied("tanh", x)
    assert float(y.max()) == 1.0
    assert torch.equal(applied("tanh", -x), -y)
