"""The number of seeds, against the comparison itself."""

import pytest

from gatebench.errors import UserError
from gatebench.measures.comparisons import ArmScores, compare
from gatebench.measures.power import seeds_needed


@pytest.mark.parametrize("test", ["unpaired", "paired"])
@pytest.mark.parametrize("comparisons", [1, 4, 8])
def test_one_seed_less_is_too_few(comparisons: int, test: str) -> None:
    needed = seeds_needed(comparisons, test)
    for n, enough in ((needed - 1, False), (needed, True)):
        arms = {
            arm: ArmScores({seed: 100.0 * arm + 0.01 * seed for seed in range(n)}) for arm in range(comparisons + 1)
        }
        results = compare(arms, 0, "max", test=test).values()
        assert len(results) == comparisons
        assert all((result.attainable, result.significant) == (enough, enough) for result in results)


def test_by_hand() -> None:
    assert [seeds_needed(m) for m in (1, 2, 5, 7, 8, 15)] == [4, 5, 5, 6, 6, 6]
    assert [seeds_needed(m, "paired") for m in (1, 4)] == [6, 8]
    with pytest.raises(UserError, match="did you mean 'paired'"):
        seeds_needed(1, "pared")
