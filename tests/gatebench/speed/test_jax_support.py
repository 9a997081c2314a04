"""JAX as a baseline: it is refused in one sentence if it is not installed, and its process is bound to some cores."""

import os
import subprocess
import sys

import pytest

from gatebench.errors import UserError
from gatebench.speed import jax_support
from gatebench.speed.benchmark import JAX, TORCH, candidates
from gatebench.speed.jax_support import jax_trouble
from launch.main import main


def test_without_jax_the_baseline_is_refused_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(jax_support, "find_spec", lambda name: None)
    assert main(["speed", "cell=gru", "against=torch,jax"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "gatebench: The baseline jax needs the package jax, which is not installed: pip install 'gatebench[jax]'.\n"
    )


def test_a_system_that_cannot_bind_processes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jax_support, "find_spec", lambda name: object())
    monkeypatch.delattr(os, "sched_setaffinity")
    with pytest.raises(UserError, match="bind a process to cores"):
        candidates({"base": "gru"}, ["fused"], [JAX], [False])


def test_jax_is_a_candidate_in_a_separate_process_that_never_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jax_support, "find_spec", lambda name: object())
    found = {one.label: one for one in candidates({"base": "gru"}, ["fused"], [TORCH, JAX], [True])}
    assert list(found) == [TORCH, JAX, "fused, recording"]
    assert found[JAX].separate_process
    assert not found[JAX].trace
    assert (found[JAX].against, found["fused, recording"].against) == ((TORCH,), (TORCH, JAX))


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system cannot bind processes to cores")
def test_a_process_is_bound_to_as_many_cores_as_threads() -> None:
    code = "import os; from gatebench.speed import jax_support; jax_support.bind_to_cores(1)"
    code += "; print(len(os.sched_getaffinity(0)))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed == "1\n"


def test_no_trouble_is_none_or_a_sentence() -> None:
    trouble = jax_trouble()
    assert trouble is None or trouble.endswith(".")
