from collections.abc import Iterator

import pytest
from hydra import initialize_config_module
from hydra.core.global_hydra import GlobalHydra

from gatebench.errors import UserError
from gatebench.search.distributions import DrawnChoice, NumberRange
from launch.config.overrides import Grammar, ParsedOverride, merge_overrides


@pytest.fixture(scope="module")
def grammar() -> Iterator[Grammar]:
    with initialize_config_module("conf", version_base="1.3"):
        yield Grammar(GlobalHydra.instance().config_loader())


def test_a_sweep_has_a_choice_for_every_value(grammar: Grammar) -> None:
    assert grammar.parse(["seed=range(0,3)"]) == [ParsedOverride("seed", ("seed=0", "seed=1", "seed=2"), False)]
    assert grammar.parse(["cell=lstm,gru"]) == [ParsedOverride("cell", ("cell=lstm", "cell=gru"), True)]
    (one,) = grammar.parse(["seed=4"])
    assert not one.is_sweep
    assert grammar.value("model.dropout=0.5") == 0.5


def test_ablations_may_add_keys(grammar: Grammar) -> None:
    (override,) = grammar.parse(["+cell.ablate.i.fix=0,1"])
    assert override.choices == ("++cell.ablate.i.fix=0", "++cell.ablate.i.fix=1")
    assert grammar.parse(["~cell.ablate.i"])[0].choices == ("~cell.ablate.i",)


def test_groups_of_the_defaults_list_need_no_plus(grammar: Grammar) -> None:
    assert grammar.parse(["+experiment=quickstart"])[0].choices == ("experiment=quickstart",)
    assert grammar.parse(["experiment=null"])[0].choices == ("experiment=null",)


def test_the_last_of_equal_keys_counts(grammar: Grammar) -> None:
    assert [s.choices for s in grammar.parse(["seed=1", "cell=gru", "seed=2"])] == [("seed=2",), ("cell=gru",)]
    first, then = grammar.parse(["cell=lstm,gru", "seed=1,2"]), grammar.parse(["seed=7"])
    assert [s.choices for s in merge_overrides(first, then)] == [("cell=lstm", "cell=gru"), ("seed=7",)]


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("metrics=accuracy,forgetting", "metrics=[accuracy,forgetting]"),
        ("metrics=all", "metrics=[all]"),
        ("published=greff2017,chung2014", "published=[greff2017,chung2014]"),
        ("metrics=[all]", "metrics=[all]"),
        ("order='lstm[i=1]',gru", "order=['lstm[i=1]',gru]"),
        ("order='lstm[i=1]'", "order=['lstm[i=1]']"),
        ("families.gates=lstm_no_input,gru", "++families.gates=[lstm_no_input,gru]"),
        ("+families.gates=gru", "++families.gates=[gru]"),
        ("~families.gates", "~families.gates"),
        ("study=a,'b c'", 'study="a,b c"'),
        ("study=a", "study=a"),
        ("resources_per_trial.accelerator=1", "++resources_per_trial.accelerator=1"),
        ("resources_per_trial={accelerator: 1}", "++resources_per_trial={accelerator: 1}"),
        ("families={a: [gru]}", "++families={a: [gru]}"),
        ("question=Does f, or o (or both), matter?", 'question="Does f, or o (or both), matter?"'),
        ("question='Why?'", "question='Why?'"),
        ('question=What is "f" for?', r'question="What is \"f\" for?"'),
        ("question=", 'question=""'),
    ],
)
def test_a_list_may_be_written_without_brackets(grammar: Grammar, text: str, choice: str) -> None:
    assert grammar.parse([text])[0].choices == (choice,)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("seed", "cannot be read (missing EQUAL"),
        ("seed=range(", "cannot be read"),
        ("study=a=b", "cannot be read"),
        ("--foo", "cannot be read"),
        ("=3", "has no key"),
        ("seed=range(0,0)", "has no value"),
        ("cell=glob(x*)", "has no value"),
        ("seed=range(0,1000000000)", "has more than 100,000 values"),
        ("seed=interval(0,1)", "draws the seed"),
        ("order=glob(lstm*)", "can be swept"),
        ("families.a=range(3)", "can be swept"),
        ("study=range(3)", "can be swept"),
        ("workers=1,2", "only cell, task, model, training, seed and the keys below them can be swept"),
        ("experiment=a,b", "can be swept"),
        ("cell=[lstm,gru]", "must name one cell; to sweep, write cell=NAME,NAME"),
        ("cell=null", "must name one cell"),
        ("~model", "deletes a required key"),
        ("hydra.verbose=true", "a part of Hydra that gatebench does not use"),
        ("hydra/launcher=joblib", "a part of Hydra that gatebench does not use"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_text(grammar: Grammar, text: str, sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        grammar.parse([text])
    assert repr(text) in str(caught.value)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_intervals_and_tagged_choices_are_drawn(grammar: Grammar) -> None:
    (override,) = grammar.parse(["model.hidden_size=int(interval(20,200))"])
    assert override == ParsedOverride("model.hidden_size", (), False, drawn=NumberRange(20, 200, whole=True))
    assert override.is_sweep
    (override,) = grammar.parse(["training.optimizer=tag(draw,choice(adam,'sgd'))"])
    assert override.drawn == DrawnChoice(("adam", "sgd"), "tag(draw,choice(adam,'sgd'))")


def test_a_condition_needs_no_quotes(grammar: Grammar) -> None:
    for text in ("search.when.model.dropout=cell=lstm,gru", "search.when.model.dropout='cell=lstm,gru'"):
        assert grammar.value(grammar.parse([text])[0].choices[0]) == "cell=lstm,gru"
