"""Which results belong to a table, and which entry to a row."""

from dataclasses import replace
from typing import Any

from gatebench.published import Publication
from gatebench.report.arms import Arm, arms_of
from gatebench.report.published.matching import ShownResult, shown_results
from tests.gatebench.published.publications import SIGNIFICANCES, VALUES, publication
from tests.gatebench.report.studies import outcome


def arms(**settings: dict[str, str]) -> list[Arm]:
    """Return an arm for each cell, with these settings."""
    return arms_of([outcome(cell, seed, 0.8, settings=own) for cell, own in settings.items() for seed in range(2)])


def shown(one: Publication, *rows: Arm) -> list[ShownResult]:
    return shown_results([one], "sentiment[pool=last]", "accuracy", rows)


def names(one: Publication, *rows: Arm) -> list[str]:
    return [result.result.name for result in shown(one, *rows)]


def changed(**changes: Any) -> dict[str, Any]:
    return {**VALUES, **changes}


def test_the_task_and_the_metric_are_those_of_the_table() -> None:
    one = publication(a=VALUES, b=SIGNIFICANCES, c={**VALUES, "task": "digits"}, d={**VALUES, "metric": "f1"})
    assert names(one, *arms(lstm={})) == ["a", "b"]
    assert shown_results([], "sentiment", "accuracy", arms(lstm={})) == []


def test_those_are_shown_whose_conditions_a_row_meets() -> None:
    sizes = {f"h{size}": changed(conditions={"model.hidden_size": str(size)}) for size in (32, 64, 128)}
    one = publication(**sizes)
    assert names(one, *arms(lstm={"model.hidden_size": "64"}, gru={"model.hidden_size": "128"})) == ["h64", "h128"]
    assert names(one, *arms(lstm={"model.hidden_size": "256"})) == ["h32", "h64", "h128"]


def test_if_no_row_meets_all_conditions_the_nearest_results_are_shown() -> None:
    one = publication(
        near=changed(conditions={"task.horizon": "96", "task.keep": "true"}),
        far=changed(conditions={"task.horizon": "192", "task.keep": "true"}),
    )
    assert names(one, *arms(lstm={"task.horizon": "96", "task.keep": "False"})) == ["near"]


def test_rows_without_an_entry_do_not_choose_the_results() -> None:
    small, large = (
        changed(entries={"lstm": {"value": "81", "mark": "verified", "conditions": {"model.hidden_size": size}}})
        for size in ("32", "64")
    )
    rows = arms(lstm={"model.hidden_size": "64"}, rnn={"model.hidden_size": "64"})
    assert names(publication(small=small, large=large), *rows) == ["large"]
    assert names(publication(small=small, large=large), rows[1]) == ["small", "large"]


def test_an_entry_belongs_to_a_label_or_to_equal_equations() -> None:
    entries = {"lstm": {"value": "81", "mark": "verified", "digest": "other-equations", "near": ["lstm_b", "gru"]}}
    (result,) = shown(publication(a=changed(entries=entries)), *arms(lstm={}))
    lstm, other, near, none = arms(lstm={}, other={}, lstm_b={}, rnn={})
    assert [result.entry(arm) is not None for arm in (lstm, other, near, none)] == [True, True, True, False]
    entry = result.entry(lstm)
    assert entry is not None
    assert [result.is_near(arm, entry) for arm in (lstm, other, near)] == [False, False, True]


def test_an_own_entry_comes_before_a_near_one() -> None:
    entries = {
        "gru_before": {"value": "81", "mark": "verified", "near": ["gru"]},
        "gru": {"value": "82", "mark": "verified"},
    }
    (result,) = shown(publication(a=changed(entries=entries)), *arms(gru={}))
    entry = result.entry(arms(gru={})[0])
    assert entry is not None
    assert entry.value == "82"


def test_a_broken_condition_names_both_values() -> None:
    entries = {"lstm": {"value": "81", "mark": "verified", "conditions": {"model.hidden_size": "128"}}}
    conditions = {"task.order": "pixel", "task.limit": "null", "model.dropout": "0"}
    (result,) = shown(publication(a=changed(entries=entries, conditions=conditions)), *arms(lstm={}))
    settings = {"task.order": "row", "model.hidden_size": "128", "model.dropout": "0.0"}
    (arm,) = arms(lstm=settings)
    assert result.broken(arm, result.entry(arm)) == ["task.order is row here and pixel there"]
    (arm,) = arms(lstm={**settings, "task.order": "pixel", "task.limit": "500", "model.hidden_size": "64"})
    assert result.broken(arm, result.entry(arm)) == [
        "task.limit is 500 here and none there",
        "model.hidden_size is 64 here and 128 there",
    ]


def test_of_many_values_of_a_setting_the_first_ones_are_shown() -> None:
    (result,) = shown(publication(a=changed(conditions={"model.hidden_size": "8"})), *arms(lstm={}))
    (arm,) = arms(lstm={})
    drawn = {seed: outcome("lstm", seed, 0.8, settings={"model.hidden_size": str(20 + seed)}) for seed in range(9)}
    wide = replace(arm, trials=drawn)
    assert result.broken(wide, None) == ["model.hidden_size is 20, 21, 22, … (9 values) here and 8 there"]


def test_the_title_and_the_key_distinguish_two_results() -> None:
    both = shown(publication(a=VALUES, b=changed(label="small")), *arms(lstm={}))
    assert [one.title for one in both] == ["Doe 2015", "Doe 2015 (small)"]
    assert [one.key for one in both] == ["published/doe2015/a", "published/doe2015/b"]


def test_only_significances_have_a_baseline() -> None:
    values, significances = shown(publication(a=VALUES, b=SIGNIFICANCES), *arms(lstm={}))
    (lstm,) = arms(lstm={})
    assert (values.is_baseline(lstm), significances.is_baseline(lstm)) == (False, True)


def test_a_named_arm_has_the_entry_of_its_cell_and_the_settings_of_the_arm() -> None:
    entry = {"value": "81", "mark": "verified", "digest": "lstm-equations", "conditions": {"model.hidden_size": "36"}}
    near = {"value": "80", "mark": "verified", "near": ["gru"], "near_digests": ["gru-equations"]}
    one = publication(a=changed(entries={"lstm": entry, "gru_before": near}))
    settings = {"model.hidden_size": "36"}
    outcomes = [
        replace(outcome(name, 0, 0.8), settings={"cell": f"{cell}-equations"}, cell_digest=f"arm-{name}")
        for name, cell in {"Gated": "lstm", "Other": "gru", "Plain": "rnn_tanh"}.items()
    ]
    rows = arms_of(outcomes)
    (result,) = shown_results([one], "sentiment", "accuracy", rows, {"Gated": settings})
    gated, other, plain = rows
    found = result.entry(gated)
    assert found is not None
    assert found.cell == "lstm"
    assert not result.is_near(gated, found)
    assert result.broken(gated, found) == []
    similar = result.entry(other)
    assert similar is not None
    assert result.is_near(other, similar)
    assert result.entry(plain) is None


def test_a_named_arm_may_have_the_cell_of_the_baseline() -> None:
    one = publication(a={**SIGNIFICANCES, "baseline_digest": "lstm-equations"})
    first = replace(outcome("Gated", 0, 0.8), settings={"cell": "lstm-equations"}, cell_digest="arm-Gated")
    rows = arms_of([first, replace(outcome("Plain", 0, 0.8), settings={"cell": "rnn"}, cell_digest="arm-Plain")])
    (result,) = shown_results([one], "sentiment", "accuracy", rows)
    assert [result.is_baseline(arm) for arm in rows] == [True, False]
