from collections import Counter
from itertools import chain

import pytest

from gatebench.errors import UserError
from tasks.blocks.own_parts import OwnExamples, check_shares, share_out, split_labelled


def data(labels: str, parts: list[str] | None = None, groups: list[str] | None = None) -> OwnExamples:
    return OwnExamples(list(labels), list(range(len(labels))), "line {}".format, parts, groups)


def test_each_part_has_its_share_of_each_class() -> None:
    labels = "a" * 100 + "b" * 50
    parts = split_labelled(data(labels), 0.1, 0.2, seed=3)
    assert [Counter(labels[n] for n in part) for part in parts] == [
        {"a": 70, "b": 35},
        {"a": 10, "b": 5},
        {"a": 20, "b": 10},
    ]
    assert sorted(chain(*parts)) == list(range(150))
    assert all(part == sorted(part) for part in parts)
    assert split_labelled(data(labels), 0.1, 0.2, seed=4) != parts == split_labelled(data(labels), 0.1, 0.2, seed=3)


def test_groups_of_all_sizes_stay_together() -> None:
    groups = [f"g{number}" for number in range(40) for _ in range(number + 1)]
    labels = ["ab"[number % 2] for number in range(len(groups))]
    parts = share_out(range(len(groups)), labels, groups, (0.1, 0.2), seed=0)
    found = [{groups[n] for n in part} for part in parts]
    assert sum(map(len, found)) == 40
    assert [len(part) / len(groups) for part in parts] == pytest.approx([0.7, 0.1, 0.2], abs=0.01)


def test_three_groups_give_three_parts() -> None:
    found = split_labelled(data("abab" * 3, groups=["x"] * 4 + ["y"] * 4 + ["z"] * 4), 0.1, 0.2, seed=0)
    assert [len(part) for part in found] == [4, 4, 4]


def test_the_parts_of_the_user_are_kept() -> None:
    given = ["train", "val", "test"] * 4
    parts = split_labelled(data("ab" * 6, given), 0.1, 0.2, seed=0)
    assert [part[:2] for part in parts] == [[0, 3], [1, 4], [2, 5]]


@pytest.mark.parametrize(
    ("labelled", "message"),
    [
        (data("ab"), r"The validation part has no example: the data have 2 examples\."),
        (data("abab", groups=list("xxyy")), r"The .* part has no example: the data have 4 examples in 2 groups\."),
        (
            data("aab", ["train", "val", "test"]),
            r"The class 'b' has no training example; line 2 is one for another part\.",
        ),
        (
            data("aaa", ["train", "val", "test"], list("xyx")),
            r"The group 'x' is in two parts: line 0 is in train, and line 2 is in test\.",
        ),
        (data("ab", ["test", "test"]), r"The training part has no example"),
    ],
)
def test_parts_that_cannot_be_scored_are_refused(labelled: OwnExamples, message: str) -> None:
    with pytest.raises(UserError, match=message):
        split_labelled(labelled, 0.1, 0.2, seed=0)


def test_shares_out_of_range_are_refused() -> None:
    check_shares(0.1, 0.2, 0)
    for wrong in ((0, 0.2, 0), (0.1, 0.5, 0), (0.1, 0.2, -1)):
        with pytest.raises(UserError, match="task"):
            check_shares(*wrong)
