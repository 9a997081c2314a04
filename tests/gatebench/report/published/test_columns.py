"""The columns of published results in a table and in CSV."""

import pytest

from gatebench.report.ablation_table import AblationTable
from gatebench.report.render import FORMATS
from gatebench.task import Metric
from tests.gatebench.published.publications import SIGNIFICANCES, VALUES, publication
from tests.gatebench.report.studies import changed, column, only, rows, scored, table_of

SHARE = Metric("accuracy", "max", low=0, high=1)
OUTCOMES = changed(scored(lstm=0.8, gru=0.8, nfg=0.6), metric=SHARE, chance=0.5)


def table(**results: object) -> AblationTable:
    return table_of(OUTCOMES, baseline="lstm", published=(publication(**results),))


def test_a_value_stands_beside_its_row_with_its_mark_and_a_verdict() -> None:
    shown = only(table(a=VALUES))
    assert [one.title for one in shown.columns][-3:] == ["Doe 2015", "expected", "verdict"]
    assert {one.group for one in shown.columns[-3:]} == {"Doe 2015, Table 1"}
    assert column(shown, "Doe 2015") == {
        "lstm": "81.0 (verified)",
        "gru": "70.5 (secondary)",
        "nfg": "–",
        "chance": "–",
    }
    assert column(shown, "verdict") == {"lstm": "agrees", "gru": "differs", "nfg": "–", "chance": "–"}
    expected = column(shown, "expected")
    assert expected["lstm"].startswith("[7")
    assert expected["nfg"] == "–"


def test_a_significance_stands_beside_its_row() -> None:
    shown = only(table(a=SIGNIFICANCES))
    assert column(shown, "Doe 2015") == {
        "lstm": "baseline",
        "gru": "not significant (unverified)",
        "nfg": "worse (unverified)",
        "chance": "–",
    }
    assert column(shown, "here") == {"lstm": "–", "gru": "not significant", "nfg": "worse", "chance": "–"}
    assert column(shown, "verdict") == {"lstm": "–", "gru": "agrees", "nfg": "agrees", "chance": "–"}


def test_a_row_that_is_not_comparable_has_a_footnote() -> None:
    shown = table(a={**VALUES, "decisive": ["it reads words"]})
    assert only(shown).footnotes == ("Not comparable with Doe 2015: it reads words.",)
    assert [row.footnotes for row in only(shown).rows] == [(1,), (1,), (), ()]


def test_programs_get_unrounded_values_in_the_unit_of_the_metric() -> None:
    record = rows(table(a={**VALUES, "entries": {"lstm": {"value": "81.0", "sd": "0.5", "mark": "verified"}}}))[
        "lstm"
    ].record
    assert record["published/doe2015/a/value"] == pytest.approx(0.81)
    assert record["published/doe2015/a/sd"] == pytest.approx(0.005)
    assert record["published/doe2015/a/verdict"] == "agrees"
    assert record["published/doe2015/a/mark"] == "verified"
    low, high = record["published/doe2015/a/low"], record["published/doe2015/a/high"]
    assert isinstance(low, float)
    assert isinstance(high, float)
    assert low < 0.81 < high
    record = rows(table(a=SIGNIFICANCES))["nfg"].record
    assert (record["published/doe2015/a/significance"], record["published/doe2015/a/here"]) == ("worse", "worse")
    assert record["published/doe2015/a/reason"] == "worse here, p < 0.001; worse there"


def test_an_interval_is_cut_at_the_largest_score() -> None:
    near = changed(scored(lstm=0.93), metric=SHARE)
    shown = only(table_of(near, published=(publication(a=VALUES),)))
    assert column(shown, "expected")["lstm"].endswith("100.0]")


def test_a_share_is_shown_in_the_percent_of_its_column() -> None:
    entries = {"lstm": {"value": "0.81", "mark": "verified"}, "gru": {"value": "0.805", "mark": "verified"}}
    shown = only(table(a={**VALUES, "unit": "", "entries": entries}))
    assert column(shown, "Doe 2015")["lstm"] == "81.0 (verified)"


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_format_has_the_published_results(name: str) -> None:
    page = FORMATS[name](table(a=VALUES, b={**SIGNIFICANCES, "label": "signs"}))
    for part in ("81.0", "verified", "secondary", "agrees", "differs", "not significant"):
        assert part in page or (name == "csv" and part == "81.0")


def test_a_metric_has_the_results_of_its_own_table() -> None:
    outcomes = changed(OUTCOMES, other_metrics=(Metric("mse", "min"),))
    results = publication(a=VALUES, b={**VALUES, "metric": "mse", "unit": "", "label": "errors"})
    tables = table_of(outcomes, baseline="lstm", metrics=("accuracy", "mse"), published=(results,)).task_tables
    titles = [[one.title for one in shown.columns if "Doe" in one.title] for shown in tables]
    assert titles == [["Doe 2015"], ["Doe 2015 (errors)"]]
