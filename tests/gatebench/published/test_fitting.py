import pytest

from gatebench.errors import UserError
from gatebench.published.fitting import fitting
from gatebench.task import Metric
from tests.gatebench.published.publications import SIGNIFICANCES, VALUES, publication

ACCURACY, NLL = Metric("accuracy", "max"), Metric("nll", "min", "nats")


def test_the_results_on_other_tasks_are_left_out() -> None:
    (fitted,) = fitting([publication(a=VALUES, b={**VALUES, "task": "digits"})], {"sentiment": [ACCURACY]})
    assert [result.name for result in fitted.results] == ["a"]


def test_a_publication_without_a_result_on_the_tasks_is_refused() -> None:
    with pytest.raises(UserError) as caught:
        fitting([publication(a=VALUES)], {"digits": [ACCURACY], "parity": [ACCURACY]})
    assert str(caught.value) == (
        "The publication 'doe2015' has no result on digits, parity, only on sentiment; leave it out of published=…."
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"metric": "acuracy"},
            "There is no metric 'acuracy' of the task sentiment, in published/doe2015.yaml, results.a; did you mean "
            "'accuracy'?",
        ),
        (
            {"unit": "nats"},
            "The unit 'nats' of the task sentiment, in published/doe2015.yaml, results.a does not fit the metric "
            "accuracy; it must be '' or '%'.",
        ),
        ({"metric": "nll"}, "The unit '%' of the task sentiment"),
    ],
)
def test_a_wrong_metric_or_unit_is_named(change: dict[str, str], sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        fitting([publication(a={**VALUES, **change})], {"sentiment": [ACCURACY, NLL]})
    assert str(caught.value).startswith(sentence)


def test_significances_need_no_unit_and_early_records_have_no_metrics() -> None:
    assert fitting([publication(a={**SIGNIFICANCES, "metric": "nll"})], {"sentiment": [NLL]})
    assert fitting([publication(a=VALUES)], {"sentiment": []})
