import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from gatebench.errors import UserError
from launch.running import ray_cluster
from launch.running.resources import Resources


def test_a_cluster_that_does_not_answer_is_told_at_once() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # bound and not listening: nobody else answers there
        began = time.monotonic()
        resources = Resources(address=f"127.0.0.1:{silent.getsockname()[1]}")
        with (
            pytest.raises(UserError, match=r"Ray cannot be reached at 127\.0\.0\.1:\d+ .*RAY_AUTH_MODE=token"),
            ray_cluster.open_cluster(resources),
        ):
            pass
    assert time.monotonic() - began < ray_cluster.CONNECT_SECONDS


def test_a_cluster_that_starts_too_slowly_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    folders: list[Path] = []

    def slow_at_first(**options: Any) -> None:
        folders.append(Path(options["_temp_dir"]))
        assert folders[-1].is_dir()
        if len(folders) < ray_cluster.START_TRIES:
            raise Exception("The current node timed out during startup. This could happen.")  # as Ray does

    monkeypatch.setattr("ray.init", slow_at_first)
    with ray_cluster.open_cluster(Resources(workers=1)):
        assert [folder.is_dir() for folder in folders] == [False] * (ray_cluster.START_TRIES - 1) + [True]
    assert not any(map(os.path.exists, folders))


@pytest.mark.parametrize(("text", "tries"), [("It timed out.", ray_cluster.START_TRIES), ("No space is left.", 1)])
def test_a_cluster_that_does_not_start_is_told(text: str, tries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def fail(**options: Any) -> None:
        tried.append(options["_temp_dir"])
        raise Exception(text)

    monkeypatch.setattr("ray.init", fail)
    with (
        pytest.raises(UserError, match=rf"^Ray cannot be started on this machine \({text[:-1]}\)\.$"),
        ray_cluster.open_cluster(Resources(workers=1)),
    ):
        pass
    assert len(tried) == tries
