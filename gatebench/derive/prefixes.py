"""The names of values that only derived programs have: a prefix says what a value is.

| name           | meaning                                                                                       |
| -------------- | --------------------------------------------------------------------------------------------- |
| `d/c[t]`       | the adjoint of c[t]: ∂loss / ∂c[t]                                                            |
| `d/R.i[t]`     | the adjoint of the product R.i @ operand, in papers δ; also of W.i @ x where both are equal   |
| `d/R.i[t+1]`   | the same adjoint of the step after                                                            |
| `d/x[t]`       | the adjoint of the input x[t]                                                                 |
| `e/x[t]`       | the part of `d/x[t]` that does not come through a matrix product                              |
| `g/h[t]`       | the gradient of the output h[t], which the layer above gives                                  |
| `k/c[t]`       | the part of the adjoint of c[t-1] that step t contributes pointwise, such as f[t] ⊙ d/c[t]    |
| `a/c[t]`       | the adjoint of c that arrives from later steps; at the first step, of the initial state       |
| `s/p.i[t]`     | the sum, over the steps from t to the last, of the gradient of a pointwise weight             |
| `q0/[t]`       | the first expression, such as r ⊙ h, that a matrix product reads and that had no name         |
| `v0/c[t]`      | the first part of c's formula that the backward pass reads and that had no name               |
| `r/q0/[t]`     | `q0/[t]`, computed again in the backward pass instead of kept                                 |
"""

from __future__ import annotations

from gatebench.spec.dated import DatedName, now

_CARRIED, _RUNNING_SUM = "k/", "s/"


def adjoint_of(label: str) -> DatedName:
    """Return the name of an adjoint: "c" → "d/c[t]"."""
    return now(f"d/{label}")


def output_gradient(label: str) -> DatedName:
    """Return the name of the gradient that the layer above gives: "h" → "g/h[t]"."""
    return now(f"g/{label}")


def carried(label: str) -> DatedName:
    """Return the name of what step t contributes pointwise to the adjoint of the step before: "c" → "k/c[t]"."""
    return now(_CARRIED + label)


def arriving(label: str) -> DatedName:
    """Return the name of the adjoint that arrives from later steps: "c" → "a/c[t]"."""
    return now(f"a/{label}")


def running_sum(weight: str) -> DatedName:
    """Return the name of the sum of a pointwise weight's gradient: "p.i" → "s/p.i[t]"."""
    return now(_RUNNING_SUM + weight)


def operand(number: int) -> DatedName:
    """Return the name of an expression that a product reads: 0 → "q0/[t]"."""
    return now(f"q{number}/")


def part_of(name: DatedName, number: int) -> DatedName:
    """Return the name of a part of a formula: "c[t]", 0 → "v0/c[t]"."""
    return DatedName(f"v{number}/{name}")


def recomputed(name: DatedName) -> DatedName:
    """Return the name of a value that is computed again: "q0/[t]" → "r/q0/[t]"."""
    return DatedName(f"r/{name}")


def is_accumulated(name: str) -> bool:
    """Return whether a value replaces that of the step after: "k/c[t]", "s/p.i[t]"."""
    return name.startswith((_CARRIED, _RUNNING_SUM))


DX = adjoint_of("x")
"""The adjoint of the input."""

POINTWISE_DX = now("e/x")
"""The part of `DX` that does not come through a matrix product."""
