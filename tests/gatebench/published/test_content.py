"""Every key and every value of a publication is checked; each mistake has one sentence."""

from typing import Any

import pytest

from gatebench.errors import UserError
from gatebench.published.content import publication_of, setting_text
from tests.gatebench.published.publications import SIGNIFICANCES, VALUES, content


def test_a_publication_is_read() -> None:
    read = publication_of("doe2015", content(values=VALUES, marks=SIGNIFICANCES), "doe2015.yaml")
    assert (read.name, read.citation, read.year) == ("doe2015", "Doe 2015", 2015)
    values, marks = read.results
    assert [(entry.cell, entry.value, entry.mark) for entry in values.entries] == [
        ("lstm", "81.0", "verified"),
        ("gru", "70.5", "secondary"),
    ]
    assert (values.statistic, values.runs, values.baseline) == ("mean", None, "")
    assert [(entry.cell, entry.significance) for entry in marks.entries] == [
        ("gru", "not significant"),
        ("nfg", "worse"),
    ]


def changed(**changes: Any) -> dict[str, Any]:
    """Return a result with other keys; None removes a key."""
    return {key: value for key, value in {**VALUES, **changes}.items() if value is not None}


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        (changed(place=None), "x.yaml, results.a has no place, which every entry of this kind needs."),
        (changed(metrik="mse"), "There is no key 'metrik' in x.yaml, results.a; did you mean 'metric'? Allowed: "),
        (changed(metric=""), "x.yaml, results.a: metric is empty; it must be a text."),
        (changed(metric=["mse"]), "x.yaml, results.a: metric is ['mse']; it must be a text or a number."),
        (changed(entries={}), "x.yaml, results.a: entries is empty; it must have at least one cell."),
        (changed(entries=["lstm"]), "x.yaml, results.a: entries is ['lstm']; it must be a mapping of keys and values."),
        (changed(entries={"gru": "8.1"}), "x.yaml, results.a.entries.gru is '8.1'; it must be a mapping"),
        (changed(entries={"gru": {"value": "8.1"}}), "x.yaml, results.a.entries.gru has no mark"),
        (
            changed(entries={"gru": {"value": "8.1", "mark": "verifyed"}}),
            "There is no mark 'verifyed' in x.yaml, results.a.entries.gru; did you mean 'verified'?",
        ),
        (
            changed(entries={"gru": {"value": "eight", "mark": "verified"}}),
            "x.yaml, results.a.entries.gru: value is 'eight'; it must be a number.",
        ),
        (changed(entries={"gru": {"value": "nan", "mark": "verified"}}), "value is 'nan'; it must be a number."),
        (changed(entries={"gru": {"value": "8_1", "mark": "verified"}}), "value is '8_1'; it must be a number."),
        (
            changed(entries={"gru": {"significance": "worse", "mark": "verified"}}),
            "x.yaml, results.a.entries.gru must have a value and no significance, because the result has no baseline.",
        ),
        (changed(baseline="lstm"), "must have a significance and no value, because the result has a baseline."),
        (
            {**SIGNIFICANCES, "baseline": "gru"},
            "x.yaml, results.a: the baseline 'gru' is also an entry; leave it out of the entries.",
        ),
        (changed(runs="many"), "x.yaml, results.a: runs is 'many'; it must be a whole number from 1 to 1000000."),
        (changed(runs="9" * 5000), "it must be a whole number from 1 to 1000000."),
        (changed(statistic="median"), "There is no statistic 'median' in x.yaml, results.a"),
        (changed(differences="none"), "x.yaml, results.a: differences is 'none'; it must be a list of texts."),
        (changed(conditions={"seed": "1"}), "the condition 'seed' is no setting of a trial; it must begin with model."),
        (changed(conditions={"task.order": ["a"]}), "conditions.task.order is ['a']; it must be a text or a number."),
        (changed(others={"TCN": {"value": 3}}), "others.TCN is {'value': 3}; it must be a text or a number."),
        ("8.1", "x.yaml, results.a is '8.1'; it must be a mapping of keys and values."),
    ],
)
def test_a_wrong_result_is_named(result: object, sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        publication_of("x", content(a=result), "x.yaml")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("whole", "sentence"),
    [
        ([], "x.yaml is []; it must be a mapping of keys and values."),
        (None, "x.yaml is empty; it must be"),
        ({"citation": "a"}, "x.yaml has no source"),
        (content(), "x.yaml: results is empty; it must have at least one result."),
        ({**content(a=VALUES), "year": "soon"}, "x.yaml: year is 'soon'; it must be a whole number from 1900 to 2100."),
        ({**content(a=VALUES), "author": "a"}, "There is no key 'author' in x.yaml"),
    ],
)
def test_a_wrong_publication_is_named(whole: object, sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        publication_of("x", whole, "x.yaml")
    assert sentence in str(caught.value)


def test_a_condition_is_written_as_a_trial_writes_its_settings() -> None:
    result = changed(conditions={"task.limit": "null", "model.bidirectional": "true", "task.length": "600"})
    (read,) = publication_of("x", content(a=result), "x.yaml").results
    assert read.conditions == {"task.limit": "none", "model.bidirectional": "True", "task.length": "600"}
    assert [setting_text(text) for text in ("none", "True", "{")] == ["none", "True", "{"]
