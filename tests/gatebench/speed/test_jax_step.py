"""Training steps in JAX agree with the reference. They need JAX, and run in separate processes."""

import pytest

from gatebench.speed.agreement import AgreementChecker
from gatebench.speed.benchmark import JAX, Benchmark, candidates
from gatebench.speed.benchmark_run import Conditions, run_benchmark
from gatebench.speed.jax_support import jax_trouble
from gatebench.speed.shape import Shape

pytestmark = pytest.mark.skipif(jax_trouble() is not None, reason=str(jax_trouble()))


@pytest.mark.parametrize(
    "cell",
    [
        {"base": "lstm_peephole"},
        {"base": "gru_before", "ablate": {"z": {"fix": 1}}},
        {"base": "minlstm"},
        {"base": "lstm_attention_input"},
    ],
    ids=lambda cell: cell["base"],
)
def test_the_step_in_jax_agrees_with_the_reference_and_is_timed(cell: dict[str, object]) -> None:
    benchmark = Benchmark(cell, Shape(5, 3, 2, 4), candidates(cell, ["manual"], [JAX], [False]))
    rows = {row.candidate: row for row in run_benchmark(benchmark, Conditions(1, 0.0, 1e9), AgreementChecker())}
    assert rows[JAX].message == ""
    assert rows[JAX].timing is not None
    assert rows[JAX].kept is None
    assert (rows[JAX].compile_seconds or 0) > 0
    assert [ratio.against for ratio in rows["manual"].ratios] == [JAX]
