from collections.abc import Iterator

import pytest
from hydra import initialize_config_module
from hydra.core.global_hydra import GlobalHydra

from gatebench.errors import UserError
from launch.config.conditions import Condition, inactive_keys, parse_conditions
from launch.config.overrides import Grammar

OPTIMIZER, DECAY, CLIP = "training.optimizer", "training.weight_decay", "training.gradient_clip"


@pytest.fixture(scope="module")
def grammar() -> Iterator[Grammar]:
    with initialize_config_module("conf", version_base="1.3"):
        yield Grammar(GlobalHydra.instance().config_loader())


def test_conditions_come_after_those_on_which_they_depend(grammar: Grammar) -> None:
    texts = {CLIP: f"{DECAY}=0.5", DECAY: f"{OPTIMIZER}=sgd,rmsprop", "model.dropout": "cell=gru"}
    conditions = parse_conditions(texts, grammar, [CLIP, DECAY, "seed"])
    assert conditions == [
        Condition(DECAY, OPTIMIZER, ("sgd", "rmsprop"), f"{OPTIMIZER}=sgd,rmsprop"),
        Condition(CLIP, DECAY, (0.5,), f"{DECAY}=0.5"),
    ]


def test_an_inactive_key_counts_with_its_value_in_the_config(grammar: Grammar) -> None:
    conditions = parse_conditions({CLIP: f"{DECAY}=0.5", DECAY: f"{OPTIMIZER}=sgd"}, grammar, [CLIP, DECAY])
    varied = {DECAY: 0.5, CLIP: 3.0}
    assert inactive_keys(conditions, varied | {OPTIMIZER: "sgd"}, {DECAY: 0.0}) == set()
    assert inactive_keys(conditions, varied | {OPTIMIZER: "adam"}, {DECAY: 0.0}) == {DECAY, CLIP}
    assert inactive_keys(conditions, varied | {OPTIMIZER: "adam"}, {DECAY: 0.5}) == {DECAY}
    assert inactive_keys(conditions, varied, {OPTIMIZER: "sgd", DECAY: 0.0}) == set()


def test_true_is_not_1(grammar: Grammar) -> None:
    (condition,) = parse_conditions({"model.dropout": "model.num_layers=1"}, grammar, ["model.dropout"])
    assert condition.allows(1)
    assert condition.allows(1.0)
    assert not condition.allows(True)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (
            {"trainin.momentum": "cell=gru"},
            "There is no key 'trainin.momentum' in search.when; did you mean 'training'",
        ),
        ({"training.weight_deca": "cell=gru"}, "did you mean 'training.weight_decay'?"),
        ({DECAY: "training.optimiser=sgd"}, "did you mean 'training.optimizer'?"),
        ({DECAY: "study=a"}, "There is no key 'study' in search.when.training.weight_decay"),
        ({DECAY: "model.dropout=interval(0,1)"}, "it must be KEY=VALUE or KEY=VALUE,VALUE"),
        ({DECAY: f"{CLIP}=1", CLIP: f"{DECAY}=1"}, "depend on each other"),
        ({DECAY: f"{DECAY}=1"}, "depend on each other"),
    ],
)
def test_mistakes_are_named(grammar: Grammar, texts: dict[str, str], message: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_conditions(texts, grammar, texts)
    assert message in str(caught.value)
