import pytest
from hydra.errors import ConfigCompositionException, MissingConfigException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from gatebench.errors import UserError
from launch.config.config_errors import explain_config_error
from launch.config.settings import Settings


def raised(key: str, value: object) -> Exception:
    schema = OmegaConf.structured(Settings)
    with pytest.raises(OmegaConfBaseException) as caught:
        OmegaConf.update(schema, key, value)
    return caught.value


def test_a_users_own_sentence_passes_through() -> None:
    assert str(explain_config_error(UserError("As it is."))) == "As it is."
    wrapped = ConfigCompositionException("Error in call")
    wrapped.__cause__ = UserError("As it is.")
    assert str(explain_config_error(wrapped)) == "As it is."


def test_a_missing_choice_names_the_group_and_the_nearest() -> None:
    error = MissingConfigException("Could not find it", "cell/lsmt", ["gru", "lstm"])
    assert str(explain_config_error(error)) == "There is no cell 'lsmt'; did you mean 'lstm'? Allowed: gru, lstm."


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("seed", "abc", "seed is 'abc'; it must be a whole number."),
        ("gpus_per_trial", "abc", "gpus_per_trial is 'abc'; it must be a number."),
        ("seed", None, "seed is null; it must have a value."),
        ("force", "perhaps", "force is 'perhaps'; it must be true or false."),
        ("sed", 1, "There is no key 'sed'; did you mean 'seed'?"),
        ("cell.nam", "x", "There is no key 'cell.nam'; did you mean 'cell.name'?"),
        ("cell.ablate", 3, "cell.ablate is not allowed"),
        ("metrics", "accuracy", "metrics must be a list, for example [a, b]."),
        ("families", {"gates": "gru"}, "families.gates must be a list, for example [a, b]."),
    ],
)
def test_a_rejected_key_or_value_is_named(key: str, value: object, sentence: str) -> None:
    assert str(explain_config_error(raised(key, value))).startswith(sentence)


def test_what_is_not_known_is_told_by_its_first_line() -> None:
    assert str(explain_config_error(ValueError("One line.\nAnother."))) == "The config cannot be composed: One line."
