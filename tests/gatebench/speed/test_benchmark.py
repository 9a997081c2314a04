"""Who runs beside whom."""

import pytest

from gatebench.errors import UserError
from gatebench.speed.benchmark import PLAIN, RUNNABLE, TORCH, TORCH_DESCRIPTIONS, Benchmark, candidates
from gatebench.speed.shape import Shape

LSTM, JANET = {"base": "lstm"}, {"base": "janet"}


def table(*given: object) -> dict[str, tuple[str, ...]]:
    """Return whom each contestant is compared with, by label."""
    return {one.label: one.against for one in candidates(*given)}  # type: ignore[arg-type]


def test_torch_is_compared_with_nobody_and_what_stands_behind_it_with_torch() -> None:
    assert table(LSTM, ["fused"], [TORCH, PLAIN], [False]) == {
        TORCH: (),
        PLAIN: (TORCH,),
        "fused": (TORCH, PLAIN),
    }


def test_recording_makes_a_contestant_of_each_backend_and_none_of_torchs_module() -> None:
    assert list(table(LSTM, ["fused"], [TORCH], [False, True])) == [TORCH, "fused", "fused, recording"]


def test_a_cell_stands_for_itself_on_the_same_backend() -> None:
    found = {one.name: one for one in candidates(JANET, ["fused", "manual"], ["lstm", "reference"], [False])}
    assert found["fused"].against == ("lstm on fused", "reference")
    assert found["manual"].against == ("lstm on manual", "reference")
    assert found["lstm on manual"].cell == LSTM
    assert found["lstm on manual"].runner == "manual"
    assert found["lstm on manual"].against == found["reference"].against == ()


def test_no_cell_is_its_own_rival() -> None:
    assert table({"base": "lstm_peephole", "ablate": {}}, ["fused"], ["lstm_peephole"], [False]) == {"fused": ()}
    assert table(LSTM, ["fused", "reference"], ["reference"], [False]) == {"reference": (), "fused": ("reference",)}


def test_only_torch_plain_runs_apart_and_everybody_is_explained() -> None:
    ones = candidates(LSTM, RUNNABLE, [TORCH, PLAIN], [False])
    assert [one.name for one in ones if one.apart] == [PLAIN]
    assert {one.name: one.description for one in ones if one.description} == TORCH_DESCRIPTIONS
    assert {one.runner for one in ones if not one.description} == set(RUNNABLE)


def test_a_contest_has_the_label_of_its_cell() -> None:
    cell = {"base": "lstm", "ablate": {"i": {"fix": 1}}}
    assert Benchmark(cell, Shape(1, 1, 1, 1), ()).name == "lstm[i=1]"


@pytest.mark.parametrize(
    ("backends", "against", "said"),
    [(["fsed"], [], "'fused'"), (["auto"], [], "no backend 'auto'"), (["fused"], ["torhc"], "did you mean 'torch'")],
)
def test_unknown_names_are_mistakes(backends: list[str], against: list[str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        candidates(LSTM, backends, against, [False])
