"""The candidates of a benchmark and their baselines."""

import pytest

from gatebench.backends.names import BACKEND_NAMES
from gatebench.errors import UserError
from gatebench.speed.benchmark import TORCH, TORCH_DESCRIPTIONS, TORCH_PLAIN, Benchmark, candidates
from gatebench.speed.shape import Shape

LSTM, JANET = {"base": "lstm"}, {"base": "janet"}


def table(*given: object) -> dict[str, tuple[str, ...]]:
    """Return the baselines of each candidate, by label."""
    return {one.label: one.against for one in candidates(*given)}  # type: ignore[arg-type]


def test_the_first_baseline_has_no_baseline_and_the_next_is_compared_with_it() -> None:
    assert table(LSTM, ["fused"], [TORCH, TORCH_PLAIN], [False]) == {
        TORCH: (),
        TORCH_PLAIN: (TORCH,),
        "fused": (TORCH, TORCH_PLAIN),
    }


def test_recording_adds_a_candidate_for_each_backend_and_none_for_torchs_module() -> None:
    assert list(table(LSTM, ["fused"], [TORCH], [False, True])) == [TORCH, "fused", "fused, recording"]


def test_a_cell_as_baseline_runs_on_the_same_backend() -> None:
    by_name = {one.name: one for one in candidates(JANET, ["fused", "manual"], ["lstm", "reference"], [False])}
    assert by_name["fused"].against == ("lstm on fused", "reference")
    assert by_name["manual"].against == ("lstm on manual", "reference")
    assert by_name["lstm on manual"].cell == LSTM
    assert by_name["lstm on manual"].runner == "manual"
    assert by_name["lstm on manual"].against == by_name["reference"].against == ()


def test_no_candidate_is_its_own_baseline() -> None:
    assert table({"base": "lstm_peephole", "ablate": {}}, ["fused"], ["lstm_peephole"], [False]) == {"fused": ()}
    assert table(LSTM, ["fused", "reference"], ["reference"], [False]) == {"reference": (), "fused": ("reference",)}


def test_only_torch_plain_runs_in_a_separate_process_and_all_candidates_are_described() -> None:
    everything = candidates(LSTM, BACKEND_NAMES, [TORCH, TORCH_PLAIN], [False])
    assert [one.name for one in everything if one.separate_process] == [TORCH_PLAIN]
    assert {one.name: one.description for one in everything if one.description} == TORCH_DESCRIPTIONS
    assert {one.runner for one in everything if not one.description} == set(BACKEND_NAMES)


def test_another_precision_adds_a_candidate_that_is_compared_with_float32_first() -> None:
    both = ["32-true", "bf16-mixed"]
    assert table(LSTM, ["fused"], [TORCH], [False, True], both) == {
        TORCH: (),
        "fused": (TORCH,),
        "fused, recording": (TORCH,),
        "fused bf16-mixed": ("fused", TORCH),
        "fused bf16-mixed, recording": ("fused", TORCH),
    }
    lower = candidates(LSTM, ["fused"], [TORCH], [False], both)[-1]
    assert (lower.runner, lower.precision) == ("fused", "bf16-mixed")
    assert lower.description == "fused with matrix products in bfloat16"
    assert {one.precision for one in candidates(LSTM, ["fused"], [TORCH], [False])} == {"32-true"}


def test_a_benchmark_has_the_label_of_its_cell() -> None:
    cell = {"base": "lstm", "ablate": {"i": {"fix": 1}}}
    assert Benchmark(cell, Shape(1, 1, 1, 1), ()).name == "lstm[i=1]"


@pytest.mark.parametrize(
    ("backends", "against", "text"),
    [(["fsed"], [], "'fused'"), (["auto"], [], "no backend 'auto'"), (["fused"], ["torhc"], "did you mean 'torch'")],
)
def test_unknown_names_are_mistakes(backends: list[str], against: list[str], text: str) -> None:
    with pytest.raises(UserError, match=text):
        candidates(LSTM, backends, against, [False])


def test_an_unknown_precision_is_a_mistake() -> None:
    with pytest.raises(UserError, match="There is no precision 'bf16'; did you mean 'bf16-mixed'"):
        candidates(LSTM, ["fused"], [], [False], ["bf16"])
