from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch

from gatebench.errors import UserError
from gatebench.training.checkpoint import schema

NAN = float("nan")


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (partial(schema.whole, name="n", low=0, high=3), [0, 3], [-1, 4, 1.0, True, None, "1", 2**70]),
        (partial(schema.number, name="n"), [0, -1.5, float("inf")], [True, None, "1", [], 2**63]),
        (partial(schema.seconds, name="n"), [0, 1.5], [-1e-9, float("inf"), NAN, None]),
        (partial(schema.flag, name="n"), [True, False], [0, 1, None, "true"]),
        (partial(schema.items, name="n"), [[], [1]], [None, {}, "ab", (1,)]),
        (partial(schema.items, name="n", count=2), [[1, 2]], [[], [1], [1, 2, 3]]),
        (partial(schema.numbers_by_name, name="n"), [{}, {"a": 1.0}], [[], None, {"a": "1"}, {"a": None}]),
    ],
)
def test_only_values_of_the_kind_pass(check: Callable[[Any], Any], good: list[Any], bad: list[Any]) -> None:
    for value in good:
        assert check(value) == value
    for value in bad:
        with pytest.raises(UserError, match=r"^The checkpoint is damaged: n[^.]*\.$"):
            check(value)


def test_a_nan_is_a_number() -> None:
    assert schema.number(NAN, "n") is NAN


def test_names_are_among_the_allowed_ones() -> None:
    assert schema.names(["b", "a"], "n", ["a", "b"]) == ("b", "a")
    for value in (["c"], [1], [["a"]], "ab", None):
        with pytest.raises(UserError):
            schema.names(value, "n", ["a", "b"])


def test_an_entry_must_be_there() -> None:
    assert schema.entry({"a": None}, "a") is None
    with pytest.raises(UserError, match="'b' is missing"):
        schema.entry({"a": None}, "b")


def test_a_tensor_has_the_shape_and_the_type() -> None:
    like = torch.empty(2, 3, device="meta")
    tensors = {"x/a": torch.ones(2, 3), "x/b": torch.ones(3, 2), "x/c": torch.ones(2, 3, dtype=torch.int32)}
    assert schema.tensor_like(tensors, "x/a", like) is tensors["x/a"]
    assert schema.part(tensors, "x", {"a": like}) == {"a": tensors["x/a"]}
    for name in ("b", "c", "d"):
        with pytest.raises(UserError, match=f"the tensor 'x/{name}' is missing, or has a wrong shape or type"):
            schema.part(tensors, "x", {name: like})
