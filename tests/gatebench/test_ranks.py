from gatebench.ranks import ALONE


def test_alone_is_the_only_rank() -> None:
    assert (ALONE.rank, ALONE.world) == (0, 1)
