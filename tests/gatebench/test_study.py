"""The declaration of a study: it is checked, and it survives JSON."""

import pytest

from gatebench.errors import UserError
from gatebench.study import Study

DECLARED = Study(
    "quickstart",
    "Which gate matters?",
    "lstm",
    ("lstm", "lstm_no_input", "gru"),
    {"gates": ("lstm_no_input",), "others": ("gru",)},
    "paired",
    ("accuracy", "forgetting"),
)


@pytest.mark.parametrize("study", [DECLARED, Study("plain")])
def test_json_keeps_the_declaration(study: Study) -> None:
    assert Study.from_json(study.to_json()) == study


def test_a_key_of_a_later_version_is_ignored() -> None:
    assert Study.from_json('{"name": "a", "colour": 1}') == Study("a")


@pytest.mark.parametrize("text", ["", "[]", "3", "{}", '{"name": "a", "order": 3}', '{"name": "a", "families": [1]}'])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        Study.from_json(text)


def test_mistakes_are_named() -> None:
    with pytest.raises(UserError, match="unpaired"):
        Study("a", test="unpared")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="has no cells"):
        Study("a", families={"gates": ()})
    with pytest.raises(UserError, match="contains the baseline"):
        Study("a", baseline="lstm", families={"gates": ("lstm",)})
