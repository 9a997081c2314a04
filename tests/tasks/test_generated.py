import pytest

from gatebench.errors import UserError
from tasks.generated import LARGEST_SEED, check_generated, draws


def test_every_part_has_a_stream_of_its_own() -> None:
    numbers = [draw.uniform(count).tolist() for draw, count in draws(0, 5, 4, 3)]
    assert [len(part) for part in numbers] == [5, 4, 3]
    assert len({number for part in numbers for number in part}) == 12


def test_a_part_of_another_size_leaves_the_others_alone() -> None:
    small, large = ([draw.uniform(4).tolist() for draw, _ in draws(1, size, 4, 3)] for size in (5, 50))
    assert small == large


def test_no_two_seeds_share_a_stream() -> None:
    seen = [draw.uniform(1).item() for seed in (0, 1, 2, LARGEST_SEED) for draw, _ in draws(seed, 1, 1, 1)]
    assert len(set(seen)) == 12


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ((0, 1, 1, 0), r"task\.training is 0; it must be a whole number of at least 1\."),
        ((1, 1.0, 1, 0), r"task\.validation is 1\.0; .*"),
        ((1, 1, True, 0), r"task\.test is True; .*"),
        ((1, 1, 1, -1), r"task\.data_seed is -1; it must be a whole number from 0 to 4294967295\."),
        ((1, 1, 1, LARGEST_SEED + 1), r"task\.data_seed is 4294967296; .*"),
    ],
)
def test_impossible_fields_are_refused(fields: tuple[int, int, int, int], sentence: str) -> None:
    check_generated(1, 1, 1, LARGEST_SEED)
    with pytest.raises(UserError, match=f"^{sentence}$"):
        check_generated(*fields)
