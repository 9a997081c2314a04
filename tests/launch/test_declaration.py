"""The declaration of a study: checked before training, kept with the records, followed by tables."""

from dataclasses import replace
from pathlib import Path

import pytest

from gatebench.cells import load_cell
from gatebench.errors import UserError
from gatebench.records.home import Home
from gatebench.records.record import Record
from gatebench.study import Study
from launch.config.compose import Plan, expand
from launch.declaration import check_declaration, keep_declaration, table_declaration
from launch.running.known_outcomes import KnownStudy
from tests.launch.trials import outcome, trial

NOTHING = KnownStudy(None, [])
DIGESTS = {name: load_cell(name).digest for name in ("lstm", "gru", "lstm_no_input", "mgu")}
RECORDED = Study(
    "scratch",
    "Which gate?",
    "lstm",
    ("lstm", "gru", "lstm_no_input"),
    {"gates": ("lstm_no_input",), "others": ("gru",)},
    cell_digests={name: DIGESTS[name] for name in ("lstm", "gru", "lstm_no_input")},
)
KNOWN = KnownStudy(RECORDED, [])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an experiment."""
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment/asking.yaml").write_text(
        "# @package _global_\nstudy: scratch\nquestion: Which gate?\nbaseline: lstm\n"
        "order: [lstm, gru]\nfamilies: {gates: [lstm_no_input], others: [gru]}\n"
        "hydra: {sweeper: {params: {cell: 'lstm,lstm_no_input,gru'}}}\n"
    )
    return tmp_path


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["baseline=rnn_tanh"], "There is no baseline 'rnn_tanh' among these cells. Allowed: gru, lstm."),
        (["order=lsmt"], "There is no cell 'lsmt' for the order of this study; did you mean 'lstm'?"),
        (["families.gates=gru,mug"], "There is no cell 'mug' for the family 'gates' of this study"),
        (
            ["metrics=acuracy"],
            "There is no metric 'acuracy' of these tasks; did you mean 'accuracy'? Allowed: accuracy",
        ),
        (["baseline=lstm", "families.gates=gru,lstm"], "The family 'gates' contains the baseline 'lstm'"),
        (["families.a=gru", "families.b=gru"], "The cell 'gru' is in two families, 'a' and 'b'."),
        (["families.a=[]"], "The family 'a' of comparisons has no cells."),
        (["published=gref2017"], "There is no publication 'gref2017'; did you mean 'greff2017'?"),
        (["published=greff2017"], "The publication 'greff2017' has no result on digits, only on jsb_chorales; leave"),
    ],
)
def test_a_mistake_is_found_before_training(overrides: list[str], sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        check_declaration(expand(["cell=lstm,gru", *overrides]), NOTHING)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_mistake_in_an_experiment_is_found_before_training(folder: Path) -> None:
    path = folder / "experiment/asking.yaml"
    path.write_text(path.read_text() + "published: [gref2017]\n")
    with pytest.raises(UserError, match="There is no publication 'gref2017'; did you mean 'greff2017'"):
        expand(["experiment=asking"], folder)
    assert expand(["experiment=asking", "published=[]"], folder).publications == ()


def test_the_declaration_has_the_results_on_the_tasks_of_the_plan() -> None:
    plan = expand(["cell=lstm,gru", "task=nottingham", "published=chung2014,tcn2018"])
    study = check_declaration(plan, NOTHING)
    assert [one.name for one in study.published] == ["chung2014", "tcn2018"]
    assert {result.task for one in study.published for result in one.results} == {"nottingham"}
    assert "published" in plan.declared


def test_what_fits_is_returned() -> None:
    plan = expand(["cell=lstm,gru,mgu", f"baseline='{DIGESTS['gru']}'", "families.others=mgu", "metrics=all"])
    assert check_declaration(plan, NOTHING) == plan.declaration("scratch")


def test_a_family_may_name_cells_that_are_in_the_records() -> None:
    plan = expand(["cell=mgu", "families.others=gru,mgu"])
    assert check_declaration(plan, KNOWN).families == {"others": ("gru", "mgu")}
    assert check_declaration(plan, KnownStudy(None, [outcome(trial("gru"))]))
    with pytest.raises(UserError, match="no cell 'gru' for the family 'others' of this study"):
        check_declaration(plan, NOTHING)


def test_the_command_line_may_leave_out_cells_of_an_experiment(folder: Path) -> None:
    study = check_declaration(expand(["experiment=asking", "cell=lstm,gru"], folder), NOTHING)
    assert study.families == RECORDED.families
    with pytest.raises(UserError, match="no baseline 'lstm' among these cells"):
        check_declaration(expand(["experiment=asking", "cell=gru,mgu"], folder), NOTHING)
    with pytest.raises(UserError, match="no cell 'mug' for the family 'mine' of this study"):
        check_declaration(expand(["experiment=asking", "cell=lstm,gru", "families.mine=mug"], folder), NOTHING)


def test_a_later_sweep_appends_cells_in_silence_and_reports_what_it_changes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = Record(Home(tmp_path), "scratch")
    first = expand(["cell=lstm,gru", "baseline=lstm", "question='Which one?'"])
    assert keep_declaration(first, record) == first.declaration("scratch") == record.study_declaration()
    keep_declaration(expand(["cell=mgu"]), record)
    study = record.study_declaration()
    assert study is not None
    assert (study.question, study.baseline, study.order) == ("Which one?", "lstm", ("lstm", "gru", "mgu"))
    assert capsys.readouterr().err == ""
    keep_declaration(expand(["cell=lstm,gru", "baseline=gru", "test=paired"]), record)
    assert capsys.readouterr().err == (
        "The declaration of the study 'scratch' changes: baseline: 'lstm' → 'gru'; test: 'unpaired' → 'paired'.\n"
    )
    study = record.study_declaration()
    assert study is not None
    assert (study.question, study.baseline, study.test) == ("Which one?", "gru", "paired")


def test_the_first_declaration_of_a_study_that_exists_already_is_no_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The claims create the study before it is declared."""
    record = Record(Home(tmp_path), "scratch")
    assert record.experiment_id
    assert record.study_declaration() == Study("scratch")
    keep_declaration(expand(["cell=lstm,gru", "baseline=lstm", "question='Which one?'"]), record)
    assert capsys.readouterr().err == ""


def followed(plan: Plan, *known: KnownStudy) -> Study:
    return table_declaration(plan, known)


def test_the_table_of_a_study_follows_its_records() -> None:
    assert followed(expand(["study=scratch"]), KNOWN) == RECORDED
    assert followed(expand(["study=scratch"]), NOTHING) == Study("scratch")


def test_the_table_of_an_experiment_is_that_of_its_study(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = expand(["experiment=asking"], folder)
    recorded = KnownStudy(plan.declaration("scratch"), [])
    assert followed(plan, recorded) == followed(expand(["study=scratch"]), recorded) == recorded.declaration
    assert followed(plan, NOTHING) == recorded.declaration
    assert capsys.readouterr().err == ""


def test_an_experiment_that_has_changed_replaces_the_records_and_this_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = expand(["experiment=asking", "metrics=all"], folder)
    recorded = replace(plan.declaration("scratch"), baseline="gru", families={})
    study = followed(plan, KnownStudy(recorded, []))
    assert (study.baseline, study.families) == ("lstm", RECORDED.families)
    assert capsys.readouterr().err == (
        "The experiment declares the study 'scratch' in another way than its records (baseline: 'gru' → 'lstm'; "
        "families: none → gates (lstm_no_input); others (gru)); the table follows the experiment.\n"
    )


def test_the_command_line_replaces_the_records_for_this_table(capsys: pytest.CaptureFixture[str]) -> None:
    study = followed(expand(["study=scratch", "baseline=gru", "test=paired", "metrics=all"]), KNOWN)
    assert (study.baseline, study.test, study.metrics) == ("gru", "paired", ("all",))
    assert study.families == {"gates": ("lstm_no_input",)}
    assert (study.question, study.order) == (RECORDED.question, RECORDED.order)
    assert followed(expand(["study=scratch", "order=gru"]), KNOWN).order == ("gru", "lstm", "lstm_no_input")
    assert capsys.readouterr().err == ""


def test_chosen_trials_have_their_part_of_the_declaration() -> None:
    study = followed(expand(["cell=mgu,gru"]), KNOWN)
    assert (study.baseline, study.order, study.families) == (None, ("gru", "mgu"), {"others": ("gru",)})
    study = followed(expand(["cell=gru,lstm"]), KNOWN)
    assert (study.baseline, study.order) == ("lstm", ("lstm", "gru"))


def test_cells_that_are_not_there_are_refused() -> None:
    with pytest.raises(UserError, match="no baseline 'lsmt' among these cells; did you mean 'lstm'"):
        followed(expand(["cell=gru,lstm", "baseline=lsmt"]), KNOWN)
    with pytest.raises(UserError, match="no cell 'mgu' for the family 'a' of this study"):
        followed(expand(["study=scratch", "families.a=mgu"]), KNOWN)
    with pytest.raises(UserError, match="no cell 'mgu' for the order of this study"):
        followed(expand(["study=scratch", "order=mgu"]), KNOWN)


def test_several_studies_agree_or_the_command_line_decides() -> None:
    other = KnownStudy(replace(RECORDED, name="b", baseline="gru", families={}), [])
    assert followed(expand(["study=scratch,b"]), KNOWN, KNOWN).name == "scratch, b"
    assert followed(expand(["study=scratch,b"]), KNOWN, NOTHING).baseline == "lstm"
    with pytest.raises(UserError, match="more than one baseline: lstm in 'scratch', gru in 'b'"):
        followed(expand(["study=scratch,b"]), KNOWN, other)
    assert followed(expand(["study=scratch,b", "baseline=lstm"]), KNOWN, other).baseline == "lstm"
