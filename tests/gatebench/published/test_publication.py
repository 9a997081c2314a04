import json

from gatebench.published.content import publication_of
from gatebench.published.publication import last_digit
from tests.gatebench.published.publications import SIGNIFICANCES, VALUES, publication

BOTH = publication(values={**VALUES, "conditions": {"task.order": "row"}, "runs": 3}, marks=SIGNIFICANCES)


def test_json_keeps_a_publication() -> None:
    assert publication_of("doe2015", json.loads(json.dumps(BOTH.to_dict())), "the records") == BOTH


def test_json_has_no_empty_parts() -> None:
    text = json.dumps(publication(values=VALUES).to_dict())
    assert "null" not in text
    assert '""' not in text
    assert "conditions" not in text


def test_the_results_of_some_tasks() -> None:
    both = publication(a=VALUES, b={**VALUES, "task": "digits"})
    assert [result.name for result in both.on_tasks(["digits", "parity"]).results] == ["b"]
    assert both.on_tasks(["parity"]).results == ()


def test_percent_is_a_hundredth_and_a_baseline_means_significances() -> None:
    values, significances = BOTH.results
    assert (values.factor, significances.factor) == (0.01, 1.0)
    assert (values.has_values, significances.has_values) == (True, False)


def test_the_last_digit_is_that_of_the_printed_number() -> None:
    assert last_digit("8.40") == 0.01
    assert last_digit("-3") == 1.0
    assert last_digit("5.3e-5") == 1e-6
