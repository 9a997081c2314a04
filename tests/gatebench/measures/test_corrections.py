"""The correction of p-values, by hand and by its properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebench.measures.corrections import holm


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_holm_is_that_of_r() -> None:
    """R 4: p.adjust(c(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298), "holm")."""
    p_values = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298]
    assert holm(p_values) == pytest.approx([0.0007, 0.0024, 0.0095, 0.0380, 0.0603, 0.0603, 0.0603])


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_keeps_the_order_and_only_raises(p_values: list[float]) -> None:
    corrected = holm(p_values)
    assert all(p <= c <= 1 for p, c in zip(p_values, corrected, strict=True))
    assert [c for _, c in sorted(zip(p_values, corrected, strict=True))] == sorted(corrected)
    assert holm(p_values[::-1]) == corrected[::-1]
