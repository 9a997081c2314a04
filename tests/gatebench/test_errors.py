import pytest

from gatebench.errors import Refusal, UserError, nearest, unknown


def test_nothing_near_gives_no_guess() -> None:
    assert str(unknown("cell", "zzzzzz", ["lstm"])) == "There is no cell 'zzzzzz'. Allowed: lstm."


def test_nothing_allowed_is_said() -> None:
    assert str(unknown("cell", "a", [])).endswith("Allowed: none.")


def test_a_refusal_is_told_like_a_mistake() -> None:
    assert issubclass(Refusal, UserError)


def test_what_is_allowed_twice_is_named_once() -> None:
    assert str(unknown("cell", "a", ["gru", "gru"])).endswith("Allowed: gru.")


@pytest.mark.parametrize(
    ("name", "allowed", "expected"),
    [
        ("lr", ["weight_decay", "learning_rate"], ["learning_rate"]),
        ("layers", ["num_layers", "hidden_size"], ["num_layers"]),
        ("mnist", ["permuted_mnist", "sequential_mnist", "parity"], ["permuted_mnist", "sequential_mnist"]),
        ("a", ["xx", "yy"], []),
        ("gpu", ["cpu", "cuda"], ["cuda"]),
        ("SGD", ["adam", "sgd"], ["sgd"]),
        ("lsmt", ["lstm", "lstm_peephole"], ["lstm"]),
        ("model.hidden", ["model.hidden_size", "model.dropout"], ["model.hidden_size"]),
        ("é", ["i", "−"], []),
    ],
)
def test_mistakes_and_abbreviations_find_the_name(name: str, allowed: list[str], expected: list[str]) -> None:
    assert nearest(name, allowed) == expected


def test_at_most_three_names_are_suggested() -> None:
    assert nearest("abc", [f"x_abc_{n}" for n in range(9)]) == ["x_abc_0", "x_abc_1", "x_abc_2"]
