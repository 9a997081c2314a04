import numpy as np

from gatebench.views import Curves, Words, plain_view


def test_token_numbers_are_shown_as_words() -> None:
    assert plain_view(np.array([3, 1, 2])) == Words(("3", "1", "2"))


def test_values_are_shown_as_curves() -> None:
    values = np.arange(6.0).reshape(3, 2)
    view = plain_view(values)
    assert isinstance(view, Curves)
    assert view.names == ("input 0", "input 1")
    assert (view.values == values).all()
