"""The columns of a task's table."""

from dataclasses import replace

from gatebench.task import Metric
from tests.gatebench.report.studies import changed, column, only, scored, table_of

FORGETTING = Metric("forgetting", "min", low=0, high=1)


def test_other_default_metrics_have_a_column_without_a_comparison() -> None:
    outcomes = changed(scored(lstm=0.8, gru=0.7), other_metrics=(FORGETTING,))
    outcomes = [replace(one, metrics={**one.metrics, "test/forgetting": 0.1 + one.seed / 100}) for one in outcomes]
    plain, more = (
        table_of(outcomes, default_metrics={"sentiment": names}) for names in ((), ("accuracy", "forgetting"))
    )
    assert column(only(more), "forgetting % ↓") == {"lstm": "13.5 ± 2.0", "gru": "13.5 ± 2.0"}
    assert "forgetting % ↓" not in [column.title for column in only(plain).columns]
    assert len(only(more).columns) == len(only(plain).columns) + 1


def test_backends_have_a_column_if_they_differ() -> None:
    same = changed(scored(lstm=0.8, gru=0.7), facts={"backend": "fused"})
    assert "backend" not in [column.title for column in only(table_of(same)).columns]
    mixed = [replace(one, facts={"backend": "reference"}) if one.digest == "sentiment-gru-3" else one for one in same]
    table = only(table_of(mixed))
    assert column(table, "backend") == {"lstm": "fused", "gru": "fused, reference"}
    assert table.footnotes == ("Backend fused and reference (most trials: fused).",)


def test_cost_is_that_of_the_cell() -> None:
    metrics = {"lstm": {"flops/step": 33280.0, "parameters": 17546.0}, "gru": {"parameters": 13386.0}}
    table = only(table_of(scored(metrics, lstm=0.8, gru=0.7)))
    assert column(table, "FLOPs/step") == {"lstm": "33,280", "gru": "–"}
    assert column(table, "parameters") == {"lstm": "17,546", "gru": "13,386"}
    assert [column.group for column in table.columns] == [""] * 6 + ["more scores"] * 2 + ["cost and gates"] * 3
