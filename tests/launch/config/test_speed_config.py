"""From overrides to contests."""

from pathlib import Path

import pytest
import yaml

from gatebench.cells import cell_names, load_cell
from gatebench.errors import UserError
from gatebench.speed.shape import Shape
from launch.config.speed_config import SpeedPlan, speed_plan


@pytest.fixture(autouse=True)
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)


def contestants(asked: SpeedPlan) -> dict[str, list[str]]:
    """Return the labels of a cell's contestants."""
    return {contest.name: [one.label for one in contest.contestants] for contest in asked.contests}


def refusal(*overrides: str, config_dir: Path | None = None) -> str:
    with pytest.raises(UserError) as caught:
        speed_plan(overrides, config_dir)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture(scope="module")
def full() -> SpeedPlan:
    return speed_plan(["set=full"])


def test_without_overrides_lstm_is_timed_beside_torch_on_a_few_shapes() -> None:
    asked = speed_plan([])
    assert contestants(asked) == {"lstm": ["torch", "torch plain", "fused", "native"]}
    assert 1 < len(asked.contests) < 4
    assert asked.settings.threads is None
    assert not any(contest.memory for contest in asked.contests)


def test_the_full_set_has_every_cell_at_seven_shapes(full: SpeedPlan) -> None:
    assert len(full.contests) == 16 * 7
    assert {str(contest.shape) for contest in full.contests} == {
        "64,64,1,64",
        "100,64,40,128",
        "784,64,1,128",
        "784,16,1,64",
        "28,128,28,128",
        "200,32,128,256",
        "61,1,88,100",
    }
    assert {contest.name for contest in full.contests if contest.memory} == {"lstm", "gru", "rnn_tanh"}


def test_each_cell_of_the_full_set_has_its_rivals(full: SpeedPlan) -> None:
    found = contestants(full)
    for cell in ("lstm", "gru"):
        assert found.pop(cell) == ["torch", "torch plain", "fused", "fused, recording"]
    assert found.pop("rnn_tanh") == ["torch", "torch plain", "fused, recording"]
    assert found.pop("rnn_relu") == ["torch", "fused, recording"]
    for cell in ("lstm_peephole", "lstm_nig", "lstm_nog", "lstm_cifg", "janet"):
        assert found.pop(cell) == ["lstm on fused, recording", "reference", "fused, recording"]
    for cell in ("mingru", "minlstm"):
        assert found.pop(cell) == ["fused", "fused, recording", "scan", "scan, recording"]
    assert set(found) == {"gru_before", "mut1", "mut2", "mut3", "lstm_fgr"}
    assert all(labels == ["reference", "fused, recording"] for labels in found.values())


def test_every_cell_has_a_contest() -> None:
    found = contestants(speed_plan(["cell=glob(*)", "shape=[1,1,1,1]"]))
    assert {load_cell(name).digest for name in found} == {load_cell(name).digest for name in cell_names()}
    assert all(len(labels) > 1 for labels in found.values())


@pytest.mark.parametrize("sign", ["", "+", "++"])
def test_an_ablation_has_its_label_and_runs_beside_its_base(sign: str) -> None:
    found = contestants(speed_plan([f"{sign}cell.ablate.i.fix=0,1", "cell=lstm", "shape=[1,1,1,1]"]))
    assert found == {
        "lstm[i=0]": ["lstm on fused", "reference", "fused"],
        "lstm[i=1]": ["lstm on fused", "reference", "fused"],
    }


def test_lists_are_spanned_or_written_as_lists() -> None:
    shapes = [Shape(5, 1, 1, 3), Shape(6, 3, 2, 4)]
    for given in ("shape=[5,1,1,3],[6,3,2,4]", "shape=[[5,1,1,3],[6,3,2,4]]"):
        assert [contest.shape for contest in speed_plan([given]).contests] == shapes
    for given in ("threads=1,2", "threads=[1,2]", "threads=range(1,3)"):
        assert speed_plan([given]).settings.threads == [1, 2]
    assert speed_plan(["threads=2"]).settings.threads == [2]
    assert speed_plan(["threads=null"]).settings.threads is None
    assert [c.shape for c in speed_plan(["shape=[5,1,1,3]"]).contests] == shapes[:1]


def test_what_is_said_of_all_contests_wins() -> None:
    one = "shape=[1,1,1,1]"
    assert contestants(speed_plan(["backend=manual", one])) == {"lstm": ["torch", "torch plain", "manual"]}
    assert contestants(speed_plan(["against=torch plain,reference", one])) == {
        "lstm": ["torch plain", "reference", "fused", "native"]
    }
    assert contestants(speed_plan(["against=[]", "backend=fused", "trace=true,false", one])) == {
        "lstm": ["fused, recording", "fused"]
    }
    assert contestants(speed_plan(["cell=lstm_nig", "against=base", one])) == {
        "lstm_nig": ["lstm_peephole on fused", "fused"]
    }
    assert speed_plan(["memory=true", one]).contests[0].memory
    assert not any(contest.memory for contest in speed_plan(["set=full", "memory=false", "cell=lstm"]).contests)
    assert contestants(speed_plan(["contests.lstm_gru.against=[reference]", one]))["lstm"] == [
        "reference",
        "fused",
        "native",
    ]


def test_the_text_is_the_config() -> None:
    shown = yaml.safe_load(speed_plan(["cell=gru", "cell.ablate.r.fix=1", "threads=1,2", "seconds=0.5"]).text)
    assert (shown["cell"], shown["threads"], shown["seconds"]) == (["gru[r=1]"], [1, 2], 0.5)


def test_a_users_folder_adds_cells_and_sets(tmp_path: Path) -> None:
    for name, text in {
        "cell/mine.yaml": "name: mine\nbase: gru\nablate: {r: {fix: 1}}\n",
        "set/mine.yaml": "# @package _global_\ncell: [mine]\nshape: [[1, 2, 3, 4]]\n",
    }.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    asked = speed_plan(["set=mine"], tmp_path)
    assert [contest.shape for contest in asked.contests] == [Shape(1, 2, 3, 4)]
    assert contestants(asked) == {"mine[r=1]": ["gru on fused", "reference", "fused"]}
    assert "There is no set 'mine'" in refusal("set=mine")
    assert "is not a folder" in refusal(config_dir=tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("cell=lsmt", "There is no cell 'lsmt'; did you mean 'lstm'?"),
        ("cell.ablate.q.fix=1", "There is no gate of lstm 'q'. Allowed: f, g, i, o."),
        ("cells=lstm", "There is no key 'cells'; did you mean 'cell'? Allowed: against, backend, cell,"),
        ("task=digits", "There is no key 'task'"),
        ("contests.lstm_gru.bakend=[fused]", "did you mean 'contests.lstm_gru.backend'?"),
        ("backend=fsed", "There is no backend 'fsed'; did you mean 'fused'? Allowed: fused, manual,"),
        ("against=torhc", "There is no baseline 'torhc'; did you mean 'torch'?"),
        ("set=ful", "There is no set 'ful'; did you mean 'full'?"),
        ("set=full,full", "spans several values"),
        ("shape=5", "A shape is 5; it must be four whole numbers T, B, I, H"),
        ("shape=[1,2,3]", "A shape is [1, 2, 3]; it must be four whole numbers"),
        ("shape=[1,2,3,0]", "H of a shape is 0"),
        ("shape=[]", "shape is empty"),
        ("backend=[]", "backend is empty"),
        ("threads=0", "threads is 0; it must be a whole number from 1 to 4, the cores of this machine."),
        ("threads=5", "threads is 5; it must be a whole number from 1 to 4"),
        ("shape=[1000000,1000000,1,1]", "The shape 1000000,1000000,1,1 takes 72,000 GB to compare with the reference"),
        ("cell=lstm against=base", "lstm is no ablation, so there is no base to run it beside."),
        ("threads=1,a", "threads[1] is 'a'; it must be a whole number."),
        ("trace=maybe", "'maybe'; it must be true or false."),
        ("seconds=-1", "seconds is -1.0; it must be a number of at least 0."),
        ("seconds=1,2", "spans several values"),
        ("~json", "deletes what must be there"),
        ("contests.others.backend=[]", "contests says nothing of ugrnn"),
    ],
)
def test_what_is_not_allowed_is_told_in_one_sentence(override: str, sentence: str) -> None:
    assert sentence in refusal(*([] if override.startswith("cell") else ["cell=ugrnn"]), *override.split())
