from typing import Any

import pytest

from gatebench.errors import UserError
from gatebench.spec.architecture import Architecture

ATTENTION = Architecture("attention", "attention", "paper", {})


def test_options_have_defaults_and_a_change_shows_in_the_name_and_the_digest() -> None:
    assert ATTENTION.options == {"heads": 2, "feedforward": 4, "positions": "sinusoidal"}
    four = ATTENTION.changed({"heads": 4, "feedforward": 4})
    assert four.name == "attention[heads=4]"
    assert four.options["heads"] == 4
    assert four.digest != ATTENTION.digest
    assert ATTENTION.changed({"heads": 2}) == ATTENTION
    assert hash(Architecture("mine", "attention", "", {"heads": 2})) == hash(ATTENTION)
    assert Architecture("tcn", "tcn", "", {}).digest not in (four.digest, ATTENTION.digest)


MISTAKES: dict[str, tuple[str, dict[str, Any]]] = {
    "There is no option 'head' of a; did you mean 'heads'": ("attention", {"head": 2}),
    "cell.options.heads is 0; it must be a whole number from 1 to 1024": ("attention", {"heads": 0}),
    "cell.options.heads is True; it must be": ("attention", {"heads": True}),
    "cell.options.positions is 'sine'; it must be sinusoidal or none": ("attention", {"positions": "sine"}),
    "cell.options.kernel is 4; it must be an odd number from 3 to 1023": ("tcn", {"kernel": 4}),
    "cell.options.levels is 0; it must be a whole number from 1 to 24, or null": ("tcn", {"levels": 0}),
    "There is no architecture 'tcm'; did you mean 'tcn'": ("tcm", {}),
}


@pytest.mark.parametrize("message", MISTAKES)
def test_wrong_options_are_one_sentence(message: str) -> None:
    kind, options = MISTAKES[message]
    with pytest.raises(UserError) as caught:
        Architecture("a", kind, "", options)
    assert str(caught.value).startswith(message)


def test_the_output_is_divided_among_the_heads() -> None:
    four = ATTENTION.changed({"heads": 4})
    four.check_width(8, 1)
    four.check_width(2, 2)
    with pytest.raises(
        UserError, match=r"attention\[heads=4\] has 4 heads, so the size of its output, 2 · 3 = 6, must be a mult"
    ):
        four.check_width(3, 2)
    Architecture("tcn", "tcn", "", {}).check_width(3, 1)


def test_the_hidden_size_of_each_direction_is_a_multiple_of_its_heads() -> None:
    six = ATTENTION.changed({"heads": 6})
    assert [six.hidden_step(directions) for directions in (1, 2)] == [6, 3]
    assert [ATTENTION.changed({"heads": 3}).hidden_step(directions) for directions in (1, 2)] == [3, 3]
