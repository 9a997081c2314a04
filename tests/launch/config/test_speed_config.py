"""From overrides to benchmarks."""

from pathlib import Path

import pytest
import yaml

from gatebench.cells import cell_names, load_cell
from gatebench.errors import UserError
from gatebench.speed import timing
from gatebench.speed.shape import Shape
from launch.config.speed_config import CLOCKS, SpeedPlan, speed_plan


@pytest.fixture(autouse=True)
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)


def labels(plan: SpeedPlan) -> dict[str, list[str]]:
    """Return the labels of the candidates, by the name of the cell."""
    return {benchmark.name: [one.label for one in benchmark.candidates] for benchmark in plan.benchmarks}


def refusal(*overrides: str, config_dir: Path | None = None) -> str:
    with pytest.raises(UserError) as caught:
        speed_plan(overrides, config_dir)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture(scope="module")
def full() -> SpeedPlan:
    return speed_plan(["set=full"])


def test_without_overrides_lstm_is_compared_with_torch_on_a_few_shapes() -> None:
    plan = speed_plan([])
    assert labels(plan) == {"lstm": ["torch", "torch plain", "fused", "native"]}
    assert 1 < len(plan.benchmarks) < 4
    assert plan.settings.threads is None
    assert not any(benchmark.memory for benchmark in plan.benchmarks)


def test_the_full_set_has_every_cell_at_seven_shapes(full: SpeedPlan) -> None:
    assert len(full.benchmarks) == 16 * 7
    assert {str(benchmark.shape) for benchmark in full.benchmarks} == {
        "64,64,1,64",
        "100,64,40,128",
        "784,64,1,128",
        "784,16,1,64",
        "28,128,28,128",
        "200,32,128,256",
        "61,1,88,100",
    }
    assert {benchmark.name for benchmark in full.benchmarks if benchmark.memory} == {"lstm", "gru", "rnn_tanh"}


def test_each_cell_of_the_full_set_has_its_baselines(full: SpeedPlan) -> None:
    found = labels(full)
    for cell in ("lstm", "gru"):
        assert found.pop(cell) == ["torch", "torch plain", "fused", "fused, recording"]
    assert found.pop("rnn_tanh") == ["torch", "torch plain", "fused, recording"]
    assert found.pop("rnn_relu") == ["torch", "fused, recording"]
    for cell in ("lstm_peephole", "lstm_nig", "lstm_nog", "lstm_cifg", "janet"):
        assert found.pop(cell) == ["lstm on fused, recording", "reference", "fused, recording"]
    for cell in ("mingru", "minlstm"):
        assert found.pop(cell) == ["fused", "fused, recording", "scan", "scan, recording"]
    assert set(found) == {"gru_before", "mut1", "mut2", "mut3", "lstm_fgr"}
    assert all(names == ["reference", "fused, recording"] for names in found.values())


def test_every_cell_has_a_benchmark() -> None:
    found = labels(speed_plan(["cell=glob(*)", "shape=[1,1,1,1]"]))
    assert {load_cell(name).digest for name in found} == {load_cell(name).digest for name in cell_names()}
    assert all(len(names) > 1 for names in found.values())
    with pytest.raises(UserError, match="attention is not a cell"):
        speed_plan(["cell=lstm,attention", "shape=[1,1,1,1]"])


@pytest.mark.parametrize("sign", ["", "+", "++"])
def test_an_ablation_has_its_label_and_is_compared_with_its_base(sign: str) -> None:
    found = labels(speed_plan([f"{sign}cell.ablate.i.fix=0,1", "cell=lstm", "shape=[1,1,1,1]"]))
    assert found == {
        "lstm[i=0]": ["lstm on fused", "reference", "fused"],
        "lstm[i=1]": ["lstm on fused", "reference", "fused"],
    }


def test_lists_are_spanned_or_written_as_lists() -> None:
    shapes = [Shape(5, 1, 1, 3), Shape(6, 3, 2, 4)]
    for given in ("shape=[5,1,1,3],[6,3,2,4]", "shape=[[5,1,1,3],[6,3,2,4]]"):
        assert [benchmark.shape for benchmark in speed_plan([given]).benchmarks] == shapes
    for given in ("threads=1,2", "threads=[1,2]", "threads=range(1,3)"):
        assert speed_plan([given]).settings.threads == [1, 2]
    assert speed_plan(["threads=2"]).settings.threads == [2]
    assert speed_plan(["threads=null"]).settings.threads is None
    assert [c.shape for c in speed_plan(["shape=[5,1,1,3]"]).benchmarks] == shapes[:1]


def test_a_setting_for_all_benchmarks_replaces_that_of_an_entry() -> None:
    one = "shape=[1,1,1,1]"
    assert labels(speed_plan(["backend=manual", one])) == {"lstm": ["torch", "torch plain", "manual"]}
    assert labels(speed_plan(["against=torch plain,reference", one])) == {
        "lstm": ["torch plain", "reference", "fused", "native"]
    }
    assert labels(speed_plan(["against=[]", "backend=fused", "trace=true,false", one])) == {
        "lstm": ["fused, recording", "fused"]
    }
    assert labels(speed_plan(["cell=lstm_nig", "against=base", one])) == {
        "lstm_nig": ["lstm_peephole on fused", "fused"]
    }
    assert speed_plan(["memory=true", one]).benchmarks[0].memory
    assert not any(benchmark.memory for benchmark in speed_plan(["set=full", "memory=false", "cell=lstm"]).benchmarks)
    assert labels(speed_plan(["benchmarks.lstm_gru.against=[reference]", one]))["lstm"] == [
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
    plan = speed_plan(["set=mine"], tmp_path)
    assert [benchmark.shape for benchmark in plan.benchmarks] == [Shape(1, 2, 3, 4)]
    assert labels(plan) == {"mine[r=1]": ["gru on fused", "reference", "fused"]}
    assert "There is no set 'mine'" in refusal("set=mine")
    assert "is not a folder" in refusal(config_dir=tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("cell=lsmt", "There is no cell 'lsmt'; did you mean 'lstm'?"),
        ("cell.ablate.q.fix=1", "There is no gate 'q' of lstm. Allowed: f, g, i, o."),
        ("cells=lstm", "There is no key 'cells'; did you mean 'cell'? Allowed: against, backend, benchmarks, cell,"),
        ("task=digits", "There is no key 'task'"),
        ("benchmarks.lstm_gru.bakend=[fused]", "did you mean 'benchmarks.lstm_gru.backend'?"),
        ("backend=fsed", "There is no backend 'fsed'; did you mean 'fused'? Allowed: fused, manual,"),
        ("against=torhc", "There is no baseline 'torhc'; did you mean 'torch'?"),
        ("set=ful", "There is no set 'ful'; did you mean 'full'?"),
        ("set=full,full", "has several values"),
        ("shape=5", "A shape is 5; it must be four whole numbers T, B, I, H"),
        ("shape=[1,2,3]", "A shape is [1, 2, 3]; it must be four whole numbers"),
        ("shape=[1,2,3,0]", "H of a shape is 0"),
        ("shape=[]", "shape is empty"),
        ("backend=[]", "backend is empty"),
        ("threads=0", "threads is 0; it must be a whole number from 1 to 4, the cores of this machine."),
        ("threads=5", "threads is 5; it must be a whole number from 1 to 4"),
        ("shape=[1000000,1000000,1,1]", "The shape 1000000,1000000,1,1 takes 72,000 GB to compare with the reference"),
        ("cell=lstm against=base", "lstm is not an ablation, so it has no base to compare with."),
        ("threads=1,a", "threads[1] is 'a'; it must be a whole number."),
        ("trace=maybe", "'maybe'; it must be true or false."),
        ("seconds=-1", "seconds is -1.0; it must be a number of at least 0."),
        ("seconds=1,2", "has several values"),
        ("~json", "deletes a required key"),
        (
            "benchmarks.others.backend=[]",
            "benchmarks has no entry for ugrnn with at least one backend and one value of trace.",
        ),
    ],
)
def test_a_wrong_override_gives_a_message_of_one_line(override: str, message: str) -> None:
    assert message in refusal(*([] if override.startswith("cell") else ["cell=ugrnn"]), *override.split())


def test_the_clocks_are_those_that_the_timing_has() -> None:
    assert tuple(timing.CLOCKS) == CLOCKS


def test_precisions_hold_for_all_backends() -> None:
    plan = speed_plan(["cell=gru", "backend=fused", "against=[]", "precision=32-true,bf16-mixed"])
    assert labels(plan) == {"gru": ["fused", "fused bf16-mixed"]}
    assert refusal("precision=bf16") == (
        "There is no precision 'bf16'; did you mean 'bf16-mixed'? Allowed: 32-true, bf16-mixed."
    )
    assert "precision is empty" in refusal("precision=[]")
