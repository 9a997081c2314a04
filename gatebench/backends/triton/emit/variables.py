"""The names of variables in the generated kernels.

| dated name     | variable       |
| -------------- | -------------- |
| `c[t]`         | `c_t`          |
| `c[t-1]`       | `c_before`     |
| `a/c[t+1]`     | `a_c_after`    |
| `d/R.i[t]`     | `d_R_i_t`      |
| weight `R.i`   | `R_i`          |

An underscore in the name of a gate or a state is doubled, so that no two values have one variable.
"""

from __future__ import annotations

from gatebench.spec.dated import DatedName


def variable(dated: str) -> str:
    """Return the variable of a value."""
    named = DatedName(dated)
    end = "t" if named.is_now else "before" if named.is_previous else "after"
    return f"{_identifier(named.label)}_{end}"


def weight_variable(weight: str) -> str:
    """Return the variable of a weight: "R.i" → "R_i"."""
    return _identifier(weight)


def pointer(weight: str) -> str:
    """Return the argument that holds the address of a weight: "R.i" → "weight_R_i"."""
    return f"weight_{_identifier(weight)}"


def _identifier(label: str) -> str:
    return label.replace("_", "__").replace("/", "_").replace(".", "_")
