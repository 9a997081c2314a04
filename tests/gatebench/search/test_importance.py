"""The shares of the variance: known functions have known shares."""

import random

import pytest

from gatebench.search.importance import variance_shares

SPACE = {
    "training.learning_rate": "tag(log, interval(1e-06, 0.01))",
    "model.hidden_size": "int(interval(20, 200))",
    "training.optimizer": "tag(draw, choice(adam, sgd))",
}


def trials(number: int) -> list[dict[str, str]]:
    draw = random.Random(0)
    return [
        {
            "training.learning_rate": f"{10 ** draw.uniform(-6, -2):.6g}",
            "model.hidden_size": str(draw.randint(20, 200)),
            "training.optimizer": draw.choice(["adam", "sgd"]),
        }
        for _ in range(number)
    ]


def test_a_score_that_depends_on_one_setting_has_its_whole_variance_there() -> None:
    some = trials(30)
    by_size = variance_shares(SPACE, some, [float(one["model.hidden_size"]) for one in some])
    assert by_size["model.hidden_size"] > 0.95
    by_optimizer = variance_shares(SPACE, some, [float(one["training.optimizer"] == "sgd") for one in some])
    assert by_optimizer == variance_shares(SPACE, some, [float(one["training.optimizer"] == "sgd") for one in some])
    assert by_optimizer["training.optimizer"] > 0.95


def test_a_logarithmic_scale_counts_each_decade_alike() -> None:
    """The score differs only below 1e-5, which is a quarter of the decades, and a thousandth of the linear range."""
    some = trials(30)
    scores = [float(float(one["training.learning_rate"]) < 1e-5) for one in some]
    assert variance_shares(SPACE, some, scores)["training.learning_rate"] > 0.9


def test_settings_that_some_trials_lack_or_that_do_not_differ_have_no_share() -> None:
    some = trials(20)
    sizes = [float(one["model.hidden_size"]) for one in some]
    assert variance_shares(SPACE, some, [1.0] * 20) == {}
    lacking = [{key: text for key, text in some[0].items() if key != "training.optimizer"}, *some[1:]]
    assert variance_shares(SPACE, lacking, sizes).keys() == SPACE.keys() - {"training.optimizer"}
    same = [{**one, "training.optimizer": "adam"} for one in some]
    assert variance_shares(SPACE, same, sizes)["training.optimizer"] == 0.0
    assert variance_shares({}, some, sizes) == {}


@pytest.mark.parametrize("outside", ["0.1", "0"])
def test_a_value_outside_of_the_bounds_is_allowed(outside: str) -> None:
    """A key has its value in the config if its condition is false."""
    some = trials(20)
    some[3]["training.learning_rate"] = outside
    shares = variance_shares(SPACE, some, [float(one["model.hidden_size"]) for one in some])
    assert shares["model.hidden_size"] > 0.8
