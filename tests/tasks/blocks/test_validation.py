import json
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from math import inf, nan
from pathlib import Path

import pytest
import yaml

from gatebench.errors import UserError
from gatebench.task import Size, build_task
from tasks.blocks.validation import check_choice, check_flag, check_held_out, check_number, check_whole, make_floats
from tasks.data.files import MissingFile
from tests.paths import ROOT


@pytest.mark.parametrize("value", [1, 2, 7])
def test_accepts_whole_numbers_in_range(value: int) -> None:
    check_whole("validation", value, 1, 7)
    check_whole("validation", value, 1)


@pytest.mark.parametrize("value", [0, 8, -1, 1.0, True, "1", None, nan, 10**400, [1]])
def test_refuses_all_else_in_one_sentence(value: object) -> None:
    with pytest.raises(UserError, match=r"^task\.validation is .*; it must be a whole number from 1 to 7\.$"):
        check_whole("validation", value, 1, 7)


def test_range_without_end() -> None:
    with pytest.raises(UserError, match=r"^task\.split_seed is -1; it must be a whole number of at least 0\.$"):
        check_whole("split_seed", -1, 0)


@pytest.mark.parametrize("value", [0, 0.5, 1, 1.0])
def test_accepts_numbers_in_range(value: float) -> None:
    check_number("noisy_share", value, 0, 1)


@pytest.mark.parametrize("value", [-0.1, 1.1, True, "1", None, nan, inf, 10**400, [1]])
def test_refuses_what_is_no_number_in_range(value: object) -> None:
    with pytest.raises(UserError, match=r"^task\.noisy_share is .*; it must be a number from 0 to 1\.$"):
        check_number("noisy_share", value, 0, 1)


def test_flags() -> None:
    check_flag("silence", True)
    check_flag("silence", False)
    for value in (0, 1, None, "true"):
        with pytest.raises(UserError, match=r"^task\.silence is .*; it must be true or false\.$"):
            check_flag("silence", value)


def test_choices() -> None:
    check_choice("order", "row", ("pixel", "row"))
    for value in ("rows", None, ["row"], 1):
        with pytest.raises(UserError, match=r"^There is no task\.order .* Allowed: pixel, row\.$"):
            check_choice("order", value, ("pixel", "row"))


def test_floats_stand_for_whole_numbers() -> None:
    @dataclass(frozen=True)
    class Levels:
        low: float
        high: float | None = None

    levels = Levels(10)
    make_floats(levels, "low", "high")
    assert (repr(levels.low), levels.high) == ("10.0", None)


def test_something_is_held_out_and_something_left() -> None:
    check_held_out(1, None, 10)
    check_held_out(9, 1, 10)
    for validation, limit, wrong in (
        (0, None, "validation is 0"),
        (10, None, "validation is 10"),
        (4, 7, "limit is 7"),
    ):
        with pytest.raises(UserError, match=rf"^task\.{wrong}; it must be a whole number from 1 to [96]\.$"):
            check_held_out(validation, limit, 10)


CONFIGS = sorted((ROOT / "conf" / "task").glob("*.yaml"))
ODD: list[object] = [None, "", "x", "1", "null", b"x", 0, 1, -1, 10**30, 0.5, 1.5, nan, inf, -inf, True, False]
ODD += [[], {}, [1], ["x"], [["x"]], [None], {"a": 1}]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_value_of_every_field_is_taken_or_refused_in_a_sentence(path: Path) -> None:
    """And what is taken can be told in a digest, in a table and in a plan."""
    config = yaml.safe_load(path.read_text())
    for field, value in product(config.keys() - {"_target_"}, ODD):
        try:
            task = build_task(config | {field: value})
        except UserError:
            continue
        assert json.loads(json.dumps(task.parameters())) == task.parameters()
        assert task.label
        with suppress(MissingFile):  # it may depend on the user's file
            assert isinstance(task.chance, float)
        assert task.size() is None or isinstance(task.size(), Size)
