"""The declaration as a tag of an experiment. Whether an experiment is a study is tested with `Record`."""

from collections.abc import Mapping

import pytest
from mlflow.entities import Experiment

from gatebench.errors import UserError
from gatebench.records.mlflow_study import declaration_text, new_tags, read_declaration
from gatebench.study import Study


def experiment(tags: Mapping[str, str]) -> Experiment:
    tagged = Experiment("1", "mine", "file:///nowhere", "active")
    tagged._tags = dict(tags)
    return tagged


def test_a_new_experiment_declares_nothing_but_its_name() -> None:
    assert read_declaration(experiment(new_tags("mine"))) == Study("mine")
    assert read_declaration(experiment({})) is None


def test_the_tag_is_read_as_it_was_written() -> None:
    study = Study("mine", "Does „f“ matter?", order=("lstm", "gru"))
    assert read_declaration(experiment({"gatebench.study": declaration_text(study)})) == study


def test_a_long_or_unreadable_declaration_is_refused() -> None:
    with pytest.raises(UserError, match=r"has 25,\d+ characters"):
        declaration_text(Study("mine", "?" * 25_000))
    with pytest.raises(UserError, match="cannot be read"):
        read_declaration(experiment({"gatebench.study": "[]"}))
