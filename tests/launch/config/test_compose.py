from pathlib import Path

import pytest
import yaml

from gatebench.cells import load_cell
from gatebench.errors import UserError
from gatebench.study import Study
from launch.config.compose import expand
from launch.running.resources import resources_of


def labels(*overrides: str, config_dir: Path | None = None) -> list[str]:
    """Return "cell/seed" of every trial."""
    return [f"{t.build_cell().name}/{t.seed}" for t in expand(overrides, config_dir).trials]


def refusal(*overrides: str, config_dir: Path | None = None) -> str:
    with pytest.raises(UserError) as caught:
        expand(overrides, config_dir)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's own configs."""
    for name, text in {
        "cell/mine.yaml": "name: mine\nbase: gru\nablate: {r: {fix: 1}}\n",
        "cell/broken.yaml": "name: [\n",
        "cell/odd.yaml": "name: odd\nbase: gru\ncolour: red\n",
        "model/small.yaml": "hidden_size: 7\n",
        "experiment/mine.yaml": (
            "# @package _global_\nstudy: mine\nhydra:\n  sweeper:\n    params:\n"
            "      cell: lstm,gru\n      seed: range(0,2)\n      training.learning_rate: 0.1,0.01\n"
        ),
        "experiment/odd.yaml": "# @package _global_\nmodel: {hidden_siz: 3}\n",
        "experiment/worse.yaml": "# @package _global_\nhydra: {sweeper: {params: {sed: '1,2'}}}\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_without_overrides_there_is_one_trial_of_the_defaults() -> None:
    plan = expand([])
    (trial,) = plan.trials
    assert trial.build_cell().name == "lstm"
    assert trial.build_task().name == "digits"
    assert plan.settings.study == "scratch"
    assert not plan.chosen


def test_choices_and_ranges_span_a_grid_seed_by_seed() -> None:
    assert labels("cell=lstm,gru", "seed=range(0,2)") == ["lstm/0", "gru/0", "lstm/1", "gru/1"]
    assert labels("seed=choice(3,1)") == ["lstm/1", "lstm/3"]
    assert {"gru/0", "gru_before/0"} <= set(labels("cell=glob(gru*)"))


def test_values_are_swept_with_their_types() -> None:
    plan = expand(["model.hidden_size=3,5", "training.learning_rate=1,0.1"])
    assert {(t.model.hidden_size, t.training.learning_rate) for t in plan.trials} == {
        (3, 1.0),
        (3, 0.1),
        (5, 1.0),
        (5, 0.1),
    }


@pytest.mark.parametrize("sign", ["", "+", "++"])
def test_a_gate_is_ablated_with_and_without_a_plus(sign: str) -> None:
    assert labels("cell=lstm", f"{sign}cell.ablate.i.fix=1") == ["lstm[i=1]/0"]
    (trial,) = expand([f"{sign}cell.ablate.i.fix=1"]).trials
    assert trial.build_cell().digest == load_cell("lstm_no_input").digest


def test_ablations_are_swept_and_taken_back() -> None:
    assert labels("cell.ablate.i.fix=0,0.5,1") == ["lstm[i=0]/0", "lstm[i=0.5]/0", "lstm[i=1]/0"]
    assert labels("cell.ablate.f.tie='1 - i'") == ["lstm[f=1 - i]/0"]
    (trial,) = expand(["cell=lstm_no_input", "~cell.ablate.i"]).trials
    assert trial.build_cell().digest == load_cell("lstm").digest


def test_the_same_trial_is_run_once() -> None:
    assert labels("cell=lstm,lstm") == ["lstm/0"]
    assert labels("cell=lstm_no_input,lstm", "cell.ablate.i.fix=1") == ["lstm_no_input/0"]


def test_cells_with_equal_equations_have_one_trial_and_all_their_labels() -> None:
    plan = expand(["cell=lstm,gru,lstm_np", "seed=0,1"])
    assert len(plan.trials) == 4
    assert [plan.labels[trial.digest] for trial in plan.trials] == [("lstm", "lstm_np"), ("gru",)] * 2
    digest = load_cell("lstm").digest
    assert plan.cells == {"lstm": digest, "lstm_np": digest, "gru": load_cell("gru").digest}
    assert list(plan.cells) == ["lstm", "lstm_np", "gru"]


@pytest.mark.parametrize("override", ["resources_per_trial={accelerator: 2}", "resources_per_trial.accelerator=2"])
def test_resources_that_a_cluster_names_may_be_new_keys(override: str) -> None:
    assert resources_of(expand([override]).settings).custom == {"accelerator": 2}


def test_a_plan_declares_its_study() -> None:
    plan = expand(["cell=lstm,gru", "question='Which  one?'", "order=gru", "families.others=gru", "test=paired"])
    digests = {name: load_cell(name).digest for name in ("lstm", "gru")}
    assert plan.declaration("mine") == Study(
        "mine", "Which one?", None, ("gru", "lstm"), {"others": ("gru",)}, "paired", (), digests
    )
    assert plan.declared == {"question", "order", "families", "test"}
    assert expand([]).declared == set()
    assert expand([]).declaration("scratch").order == ("lstm",)


def test_an_experiment_declares_its_study_and_the_command_line_changes_it(folder: Path) -> None:
    (folder / "experiment/asking.yaml").write_text(
        "# @package _global_\nbaseline: lstm\nfamilies: {gates: [lstm_no_input], others: [gru]}\n"
        "hydra: {sweeper: {params: {cell: 'lstm,lstm_no_input,gru'}}}\n"
    )
    plan = expand(["experiment=asking"], folder)
    assert plan.declared == {"baseline", "families", "test", "metrics"}
    assert plan.declaration("a").families == {"gates": ("lstm_no_input",), "others": ("gru",)}
    other = expand(["experiment=asking", "baseline=gru"], folder).declaration("a")
    assert (other.baseline, other.families) == ("gru", {"gates": ("lstm_no_input",)})
    with pytest.raises(UserError, match="The family 'more' contains the baseline 'lstm'; leave it out"):
        expand(["experiment=asking", "families.more=lstm"], folder).declaration("a")


def test_the_quickstart_compares_gates_over_seeds() -> None:
    plan = expand(["experiment=quickstart"])
    cells = {trial.build_cell().name for trial in plan.trials}
    assert cells == {"rnn_tanh", "lstm", "lstm_no_input", "lstm_no_forget", "lstm_no_output", "gru"}
    assert len(plan.trials) >= 3 * len(cells)
    assert {trial.build_task().name for trial in plan.trials} == {"digits"}
    assert plan.settings.baseline in cells
    assert plan.chosen


def test_a_file_below_the_data_root_is_named_even_where_none_is_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("GATEBENCH_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for given, root in (([], tmp_path / "gatebench/data"), ([f"data_root={tmp_path}/own"], tmp_path / "own")):
        file = root / "series/daily-min-temperatures.csv"
        assert str(file) in refusal("experiment=series", *given)
        file.parent.mkdir(parents=True)
        file.write_text("Date,Temp\n1981-01-01,20.7\n")
        assert {t.task["path"] for t in expand(["experiment=series", *given]).trials} == {str(file)}


def test_the_command_line_wins_over_the_experiment(folder: Path) -> None:
    assert len(expand(["experiment=mine"], folder).trials) == 8
    plan = expand(["experiment=mine", "cell=rnn_tanh", "seed=5", "study=other"], folder)
    assert {trial.training.learning_rate for trial in plan.trials} == {0.1, 0.01}
    assert {(trial.build_cell().name, trial.seed) for trial in plan.trials} == {("rnn_tanh", 5)}
    assert plan.settings.study == "other"


def test_a_users_folder_adds_choices_and_groups(folder: Path) -> None:
    assert labels("cell=mine,lstm", config_dir=folder)[1] == "lstm/0"
    assert len(labels("cell=glob(min*)", config_dir=folder)) > len(labels("cell=glob(min*)"))
    assert expand(["model=small"], folder).settings.model.hidden_size == 7
    assert "is not a folder" in refusal(config_dir=folder / "nowhere")
    assert "There is no cell 'mine'" in refusal("cell=mine")


def test_the_text_shows_the_config_and_what_is_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:5000")
    plan = expand(["cell=gru", "seed=0,1"])
    assert plan.text.startswith("# sweeps seed over 0, 1\n")
    assert yaml.safe_load(plan.text)["cell"]["name"] == "gru"
    assert "hydra" not in yaml.safe_load(plan.text)
    assert "secret" not in plan.text
    assert plan.settings.records_uri == "http://me:secret@127.0.0.1:5000"


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("cell=lsmt", "There is no cell 'lsmt'; did you mean 'lstm'?"),
        ("cell=lstm,lsmt", "There is no cell 'lsmt'; did you mean 'lstm'?"),
        ("task=digit", "There is no task 'digit'; did you mean 'digits'?"),
        ("experiment=quick", "There is no experiment 'quick'; did you mean 'quickstart'?"),
        ("cel=lstm", "There is no key 'cel'; did you mean 'cell'? Allowed: arms, baseline, cell,"),
        ("model.hidden_siz=3", "There is no key 'model.hidden_siz'; did you mean 'model.hidden_size'?"),
        ("+foo=1", "There is no key 'foo'"),
        ("++model.hidden_siz=3", "There is no key 'model.hidden_siz'; did you mean 'model.hidden_size'?"),
        ("task.foo=1", "Allowed: task._target_, task.images, task.pixels, task.split_seed."),
        ("+task.foo=1", "'foo'"),
        ("model.hidden_size=abc", "model.hidden_size is 'abc'; it must be a whole number."),
        (
            "model.hidden_size='int(interval(4,32))'",
            "model.hidden_size is 'int(interval(4,32))'; it must be a whole number. The quotes make a text of it; "
            "write int(interval(4,32)) without quotes of its own.",
        ),
        ("seed=1.5", "seed is '1.5'; it must be a whole number."),
        ("seed=1,a", "seed is 'a'; it must be a whole number."),
        ("seed=null", "seed is null; it must have a value."),
        ("force=maybe", "force is 'maybe'; it must be true or false."),
        ("training.max_epochs=0", "training.max_epochs is 0"),
        ("training.optimizer=adm", "did you mean 'adam'?"),
        ("task.split_seed=abc", "task.split_seed is 'abc'"),
        ("cell.ablate.q.fix=1", "There is no gate 'q' of lstm. Allowed: f, g, i, o."),
        ("cell.ablate.i.fx=1", "did you mean 'fix'?"),
        ("cell.ablate.i.fix=abc", "number"),
        ("cell.base=???", "cell.base has no value."),
        ("study=${nope}", "study refers to a key or file that does not exist"),
        ("task._target_=os.path.join", "must name a task's class below tasks"),
        ("task._target_=this", "must name a task's class, like tasks.images.digits.Digits"),
    ],
)
def test_what_is_not_allowed_is_told_in_one_sentence(override: str, sentence: str) -> None:
    assert sentence in refusal(override)


def test_mistakes_in_files_are_told_in_one_sentence(folder: Path) -> None:
    assert "broken.yaml, line 2, is not YAML" in refusal("cell=broken", config_dir=folder)
    assert "There is no key 'cell.colour'" in refusal("cell=odd", config_dir=folder)
    assert "did you mean 'model.hidden_size'?" in refusal("experiment=odd", config_dir=folder)
    assert "'sed=1,2'" in refusal("experiment=worse", config_dir=folder)


def test_a_grid_without_end_is_refused() -> None:
    assert "at most 100,000" in refusal("seed=range(0,1000)", "model.hidden_size=range(1,1000)")


def test_loggers_change_no_digest_and_callbacks_do() -> None:
    plain = expand(["cell=gru"])
    logged = expand(["cell=gru", "logger=csv"])
    assert logged.settings.logger == {"csv": {"_target_": "pytorch_lightning.loggers.CSVLogger"}}
    assert [one.digest for one in logged.trials] == [one.digest for one in plain.trials]
    for name in ("tensorboard", "wandb"):
        assert set(expand([f"logger={name}"]).settings.logger) == {name}
    target = "training.callbacks.lr._target_=pytorch_lightning.callbacks.LearningRateMonitor"
    watched = expand(["cell=gru", target, "training.callbacks.lr.logging_interval=epoch,step"]).trials
    assert len({one.digest for one in (*plain.trials, *watched)}) == 3
    assert watched[1].training.callbacks["lr"]["logging_interval"] == "step"
    named = "logger.mine._target_=pytorch_lightning.loggers.CSVLogger"
    assert expand([named, "logger.mine.prefix=a"]).settings.logger["mine"]["prefix"] == "a"
    with pytest.raises(UserError, match=r"logger\.mine\._target_ is 'os\.system'; it must name a class below pytorch"):
        expand(["logger.mine._target_=os.system"])
