from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebench.measures.continual_learning import average_accuracy, backward_transfer, forgetting

# By hand. ACC: (0.4 + 0.7 + 0.9) / 3. BWT: ((0.4 - 0.9) + (0.7 - 0.8)) / 2. F: ((0.9 - 0.4) + (0.8 - 0.7)) / 2.
FORGETS = [[0.9, 0.1, 0.2], [0.6, 0.8, 0.1], [0.4, 0.7, 0.9]]
# The first experience is known best after the second: F counts from there, ((0.95 - 0.85) + (0.7 - 0.8)) / 2 = 0;
# BWT from when each was learnt, ((0.85 - 0.6) + (0.8 - 0.7)) / 2.
GAINS = [[0.6, 0.5, 0.5], [0.95, 0.7, 0.5], [0.85, 0.8, 0.9]]
SQUARES = st.integers(2, 6).flatmap(
    lambda n: st.lists(st.lists(st.floats(0, 1), min_size=n, max_size=n), min_size=n, max_size=n)
)


@pytest.mark.parametrize(
    ("R", "accuracy", "transfer", "forgotten"),
    [
        (FORGETS, 2 / 3, -0.3, 0.3),
        (GAINS, 0.85, 0.175, 0.0),
        ([[1, 0], [0, 1]], 0.5, -1, 1),
        ([[0.5, 0.9], [0.5, 1.0]], 0.75, 0, 0),
    ],
)
def test_against_matrices_by_hand(R: list[list[float]], accuracy: float, transfer: float, forgotten: float) -> None:
    assert average_accuracy(R) == pytest.approx(accuracy)
    assert backward_transfer(R) == pytest.approx(transfer)
    assert forgetting(R) == pytest.approx(forgotten)


def test_forgetting_counts_what_was_known_before_it_was_taught() -> None:
    """Chaudhry's best is over all earlier rows, those above the diagonal too."""
    R = [[0.5, 0.9, 0.0], [0.5, 0.6, 0.0], [0.5, 0.4, 1.0]]
    assert forgetting(R) == pytest.approx(((0.5 - 0.5) + (0.9 - 0.4)) / 2)
    assert backward_transfer(R) == pytest.approx(((0.5 - 0.5) + (0.4 - 0.6)) / 2)


@given(SQUARES)
def test_forgetting_is_at_least_what_transfer_lost(R: list[list[float]]) -> None:
    assert forgetting(R) >= -backward_transfer(R) - 1e-12
    assert min(R[-1]) - 1e-12 <= average_accuracy(R) <= max(R[-1]) + 1e-12


def test_one_experience_has_an_accuracy_and_nothing_to_forget() -> None:
    assert average_accuracy([[0.5]]) == 0.5
    for figure in (backward_transfer, forgetting):
        with pytest.raises(ValueError, match="it must be square, 2 or more"):
            figure([[0.5]])


@pytest.mark.parametrize("R", [[], [[1.0, 0.0]], [[1.0], [1.0, 1.0]], [[nan, 1.0], [1.0]]])
def test_what_is_no_square_is_refused(R: list[list[float]]) -> None:
    for figure in (average_accuracy, backward_transfer, forgetting):
        with pytest.raises(ValueError, match="The accuracy matrix has rows of"):
            figure(R)
