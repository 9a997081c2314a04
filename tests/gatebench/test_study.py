"""The declaration of a study: it is checked, and it survives JSON."""

import json

import pytest

from gatebench.errors import UserError
from gatebench.study import Study, combined
from tests.gatebench.published.publications import VALUES, content, publication

DECLARED = Study(
    "quickstart",
    "Which gate matters?",
    "lstm",
    ("lstm", "lstm_no_input", "gru"),
    {"gates": ("lstm_no_input",), "others": ("gru",)},
    "paired",
    ("accuracy", "forgetting"),
    {"lstm": "a", "lstm_no_input": "b", "gru": "c"},
)


PUBLISHED = publication(a=VALUES, b={**VALUES, "task": "digits", "conditions": {"task.order": "row"}})


@pytest.mark.parametrize("study", [DECLARED, Study("plain"), Study("a", published=(PUBLISHED,))])
def test_json_keeps_the_declaration(study: Study) -> None:
    assert Study.from_json(study.to_json()) == study


def test_a_key_of_a_later_version_is_ignored() -> None:
    assert Study.from_json('{"name": "a", "colour": 1}') == Study("a")


@pytest.mark.parametrize(
    "text", ["", "[]", "3", "{}", "[" * 100_000, '{"name": "a", "order": 3}', '{"name": "a", "families": [1]}']
)
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
    with pytest.raises(UserError, match="The cell 'gru' is in two families, 'one' and 'two'"):
        Study("a", families={"one": ("gru",), "two": ("mgu", "gru")})


def test_a_newer_declaration_replaces_the_parts_that_it_declares_and_appends_cells() -> None:
    newer = Study("quickstart", "Why?", order=("mgu", "gru"), cell_digests={"mgu": "d", "gru": "c2"})
    updated = DECLARED.updated(newer, ())
    assert updated.order == ("lstm", "lstm_no_input", "gru", "mgu")
    assert updated.cell_digests == {"lstm": "a", "lstm_no_input": "b", "gru": "c2", "mgu": "d"}
    assert (updated.question, updated.test, updated.families) == (DECLARED.question, "paired", DECLARED.families)
    assert DECLARED.differences(updated) == []
    updated = DECLARED.updated(newer, ("question", "order", "test"))
    assert (updated.question, updated.test) == ("Why?", "unpaired")
    assert updated.order == ("mgu", "gru", "lstm", "lstm_no_input")
    assert DECLARED.differences(updated) == [
        "question: 'Which gate matters?' → 'Why?'",
        "order: lstm, lstm_no_input, gru → mgu, gru, lstm, lstm_no_input",
        "test: 'paired' → 'unpaired'",
    ]


def test_a_new_baseline_leaves_the_families() -> None:
    newer = Study("quickstart", baseline="gru")
    updated = DECLARED.updated(newer, ("baseline",))
    assert updated.families == {"gates": ("lstm_no_input",)}
    assert DECLARED.differences(updated) == [
        "baseline: 'lstm' → 'gru'",
        "families: gates (lstm_no_input); others (gru) → gates (lstm_no_input)",
    ]
    assert DECLARED.updated(newer, ("baseline", "families")).families == {}


def test_a_part_of_the_cells_has_its_part_of_the_declaration() -> None:
    part = DECLARED.limited_to(["gru", "lstm", "mgu"])
    assert (part.baseline, part.order, part.families) == ("lstm", ("lstm", "gru"), {"others": ("gru",)})
    assert DECLARED.limited_to(["gru"]).baseline is None


def test_equal_equations_have_all_their_labels() -> None:
    study = Study("a", cell_digests={"lstm": "d", "gru": "c", "lstm_np": "d"})
    assert study.labels("lstm", "d") == ("lstm", "lstm_np")
    assert study.labels("lstm[i=i]", "d") == ("lstm", "lstm_np", "lstm[i=i]")
    assert study.labels("mgu", "e") == ("mgu",)


def test_several_studies_have_one_declaration() -> None:
    assert combined([DECLARED]) is DECLARED
    other = Study("b", "Why?", None, ("mgu", "gru"), {"others": ("mgu",)}, "paired", ("f1", "accuracy"), {"mgu": "m"})
    assert combined([DECLARED, other]) == Study(
        "quickstart, b",
        "Which gate matters? Why?",
        "lstm",
        ("lstm", "lstm_no_input", "gru", "mgu"),
        {"gates": ("lstm_no_input",), "others": ("gru", "mgu")},
        "paired",
        ("accuracy", "forgetting", "f1"),
        {"lstm": "a", "lstm_no_input": "b", "gru": "c", "mgu": "m"},
    )
    with pytest.raises(UserError, match="more than one baseline: lstm in 'quickstart', gru in 'b'; choose"):
        combined([DECLARED, Study("b", baseline="gru", test="paired")])
    with pytest.raises(UserError, match="more than one test: paired in 'quickstart', unpaired in 'b'"):
        combined([DECLARED, Study("b")])
    with pytest.raises(UserError, match="'gru' is in two families"):
        combined([DECLARED, Study("b", test="paired", families={"gates": ("gru",)})])


def test_the_search_is_kept_and_a_changed_distribution_is_a_difference() -> None:
    old = Study("a", search={"model.dropout": "interval(0, 0.5)", "model.hidden_size": "int(interval(20, 200))"})
    assert Study.from_json(old.to_json()) == old
    updated = old.updated(Study("a", search={"model.dropout": "interval(0, 0.9)"}), ())
    assert updated.search == {"model.dropout": "interval(0, 0.9)", "model.hidden_size": "int(interval(20, 200))"}
    assert old.differences(updated) == ["search of model.dropout: interval(0, 0.5) → interval(0, 0.9)"]
    assert old.differences(old.updated(Study("a", search={"training.weight_decay": "interval(0, 1)"}), ())) == []
    other = Study("b", search={"training.weight_decay": "interval(0, 1)"})
    assert combined([old, other]).search == {**old.search, **other.search}


def test_the_settings_of_the_newest_search_are_kept_and_all_samplers_that_learn() -> None:
    drawn = {"model.dropout": "interval(0, 0.5)"}
    settings = {"search.sampler": "tpe", "search.batch": "4"}
    old = Study("a", search=drawn, search_settings=settings, samplers=("tpe",))
    assert Study.from_json(old.to_json()) == old
    assert "search_settings" not in Study("a", search=drawn).to_json()
    assert old.updated(Study("a"), ()) == old  # a grid in the same study declares no search
    updated = old.updated(
        Study("a", search=drawn, search_settings={"search.sampler": "cmaes"}, samplers=("cmaes",)), ()
    )
    assert (updated.search_settings, updated.samplers) == ({"search.sampler": "cmaes"}, ("tpe", "cmaes"))
    assert old.differences(updated) == ["search.sampler: tpe → cmaes", "search.batch: 4 → the default"]
    assert combined([old, Study("b", search=drawn, samplers=("cmaes",))]).samplers == ("tpe", "cmaes")


SEARCHED = Study(
    "searched",
    search={"training.learning_rate": "interval(0.1, 1)"},
    arms={"big": {"cell": "a", "model.hidden_size": "128"}, "small": {"cell": "a", "model.hidden_size": "8"}},
    parameters=(20_000,),
)


def test_drawn_settings_arms_and_budgets_are_kept() -> None:
    assert Study.from_json(SEARCHED.to_json()) == SEARCHED
    with pytest.raises(UserError, match="cannot be read"):
        Study.from_json('{"name": "a", "arms": {"big": 3}}')


def test_a_newer_declaration_adds_drawn_settings_arms_and_budgets() -> None:
    newer = Study("searched", search={"seed": "b"}, arms={"big": {"cell": "b"}}, parameters=(5000, 20_000))
    updated = SEARCHED.updated(newer, ())
    assert updated.search == {"training.learning_rate": "interval(0.1, 1)", "seed": "b"}
    assert updated.arms == {"big": {"cell": "b"}, "small": {"cell": "a", "model.hidden_size": "8"}}
    assert updated.parameters == (5000, 20_000)
    assert SEARCHED.differences(updated) == ["arm big: cell=a, model.hidden_size=128 → cell=b"]
    assert list(updated.limited_to(["small"]).arms) == ["small"]


def test_several_studies_have_all_arms_unless_a_name_has_two_meanings() -> None:
    other = Study("b", arms={"other": {"cell": "c"}}, search={"seed": "range"}, parameters=(7,))
    both = combined([SEARCHED, other])
    assert list(both.arms) == ["big", "small", "other"]
    assert list(both.search) == ["training.learning_rate", "seed"]
    assert both.parameters == (7, 20_000)
    with pytest.raises(UserError, match="different arms of the name 'big'"):
        combined([SEARCHED, Study("c", arms={"big": {"cell": "c"}})])


def test_a_declaration_without_publications_is_written_as_before() -> None:
    assert "published" not in DECLARED.to_json()


@pytest.mark.parametrize(
    "published",
    [3, ["doe2015"], {"doe2015": 3}, {"doe2015": {}}, {"doe2015": {**content(a=VALUES), "year": []}}],
)
def test_publications_that_are_none_are_refused(published: object) -> None:
    with pytest.raises(UserError) as caught:
        Study.from_json(json.dumps({"name": "a", "published": published}))
    assert "\n" not in str(caught.value)


def test_a_newer_declaration_replaces_the_results_on_its_tasks() -> None:
    old, new = Study("a", published=(PUBLISHED,)), publication(a={**VALUES, "place": "Table 2"})
    updated = old.updated(Study("a", published=(new,)), ["published"])
    (one,) = updated.published
    assert [(result.task, result.place) for result in one.results] == [("sentiment", "Table 2"), ("digits", "Table 1")]
    assert old.differences(updated) == ["published: the results of doe2015 have changed"]
    assert old.updated(Study("a"), ["published"]).published == ()
    assert old.updated(Study("a"), []).published == (PUBLISHED,)


def test_results_on_further_tasks_are_no_change_and_other_publications_are() -> None:
    one, further = Study("a", published=(PUBLISHED.on_tasks(["digits"]),)), Study("a", published=(PUBLISHED,))
    assert one.differences(further) == []
    assert Study("a").differences(further) == ["published: none → doe2015"]


def test_several_studies_have_the_publications_of_all() -> None:
    first, second = (Study(task, published=(PUBLISHED.on_tasks([task]),)) for task in ("sentiment", "digits"))
    (one,) = combined([first, second]).published
    assert {result.name for result in one.results} == {"a", "b"}
