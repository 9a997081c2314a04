import pytest

from gatebench.errors import UserError
from launch.config.memory_size import memory_bytes, memory_text


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (None, None),
        (2e9, 2 * 10**9),
        ("2e9", 2 * 10**9),
        ("2 GB", 2 * 10**9),
        ("1.5gib", 3 * 2**29),
        (" 512MiB ", 2**29),
        ("1", 1),
    ],
)
def test_amounts_with_and_without_a_unit(value: object, size: int | None) -> None:
    assert memory_bytes("memory_per_trial", value) == size


@pytest.mark.parametrize("value", ["", "much", "2 GX", "-1", "0", "1.2.3 GB", "1e400", "nan", True])
def test_everything_else_is_told_with_an_example(value: object) -> None:
    with pytest.raises(UserError, match=r'^memory_per_trial .*for example "2 GB"'):
        memory_bytes("memory_per_trial", value)


def test_a_text_has_the_largest_unit_that_fits() -> None:
    assert [memory_text(size) for size in (12, 2e9, 1.5e12)] == ["12 B", "2 GB", "1.5 TB"]
