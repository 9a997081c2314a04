import socket
from dataclasses import replace

import pytest

from launch.running.code_versions import CodeVersions, code_versions, difference


def test_equal_code_has_no_difference() -> None:
    assert difference(code_versions(), code_versions()) is None
    assert len(code_versions().sources) == 12


@pytest.mark.parametrize(
    ("field", "title"),
    [
        ("python", "Python"),
        ("torch", "torch"),
        ("lightning", "pytorch-lightning"),
        ("gatebench", "gatebench"),
        ("sources", "the source files of gatebench, as a checksum,"),
    ],
)
def test_the_first_difference_is_told_with_the_machine_and_both_versions(field: str, title: str) -> None:
    worker = replace(code_versions(), **{field: "0.9"})
    ours: CodeVersions = code_versions()
    assert difference(ours, worker) == (
        f"{title} differs: 0.9 on the worker {socket.gethostname()}, {getattr(ours, field)} where the sweep was "
        "started; install the same version on both."
    )
