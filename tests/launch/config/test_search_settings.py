import pytest

from gatebench.errors import UserError
from launch.config.search_settings import SearchSettings


def test_conditions_may_be_nested_or_dotted() -> None:
    nested = SearchSettings(when={"training": {"weight_decay": "training.optimizer=sgd"}, "model.dropout": "cell=gru"})
    assert nested.conditions == {"training.weight_decay": "training.optimizer=sgd", "model.dropout": "cell=gru"}


@pytest.mark.parametrize("condition", ["sgd", "=", "training.optimizer=", "=sgd", 3, None, ["a=b"]])
def test_other_texts_are_no_conditions(condition: object) -> None:
    with pytest.raises(UserError, match=r"for model\.dropout; write KEY=VALUE"):
        _ = SearchSettings(when={"model.dropout": condition}).conditions


def test_mistakes_are_named() -> None:
    with pytest.raises(UserError, match="did you mean 'random'"):
        SearchSettings(sampler="rand")
    with pytest.raises(
        UserError, match=r"search\.sampler 'sobol'; did you mean 'qmc'\? Allowed: cmaes, qmc, random, tpe\."
    ):
        SearchSettings(sampler="sobol")
    with pytest.raises(
        UserError, match=r"search\.stop 'medain'; did you mean 'median'\? Allowed: asha, median, none\."
    ):
        SearchSettings(stop="medain")
    with pytest.raises(UserError, match=r"search\.batch is 0"):
        SearchSettings(batch=0)
    with pytest.raises(UserError, match=r"search\.stop_after is 0"):
        SearchSettings(stop_after=0)
    with pytest.raises(UserError, match=r"search\.seed is -1"):
        SearchSettings(seed=-1)
