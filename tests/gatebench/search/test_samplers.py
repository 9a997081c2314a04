import pytest

from gatebench.search.random_draws import uniform
from gatebench.search.samplers import SAMPLERS, independent


def test_independent_draws_are_those_of_each_key_alone() -> None:
    assert independent(["a", "b"], 5, 2) == {
        "a": [uniform("a", 5, k) for k in range(2)],
        "b": [uniform("b", 5, k) for k in range(2)],
    }


@pytest.mark.parametrize("name", SAMPLERS)
def test_more_draws_are_appended(name: str) -> None:
    few, many = SAMPLERS[name](["a", "b"], 0, 5), SAMPLERS[name](["a", "b"], 0, 50)
    assert {key: draws[:5] for key, draws in many.items()} == few
    assert all(0 <= draw < 1 for draws in many.values() for draw in draws)
    assert SAMPLERS[name](["a", "b"], 1, 5) != few
