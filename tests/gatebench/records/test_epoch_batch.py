import json
from math import isnan, nan
from typing import Any

import pytest

from gatebench.errors import UserError
from gatebench.records import epoch_batch
from gatebench.records.epoch_batch import as_body, read_body

RUN, OTHER = "a" * 32, "b" * 32


def test_a_body_is_read_as_it_was_written() -> None:
    rows, refused = read_body(as_body({RUN: [(0, 5, {"a": 0.1, "b": nan}), (1, 6, {"a": -1e300})], OTHER: []}))
    assert refused == {}
    assert rows == {
        RUN: [("a", 0.1, 5, 0, False, RUN), ("b", 0.0, 5, 0, True, RUN), ("a", -1e300, 6, 1, False, RUN)],
        OTHER: [],
    }
    assert isnan(json.loads(as_body({RUN: [(0, 5, {"b": nan})]}))["runs"][RUN][0][2]["b"])


@pytest.mark.parametrize(
    "points",
    [
        None,
        {"0": 1},
        [1],
        [[0, 5]],
        [[0, 5, [1.0]]],
        [[0.5, 5, {"a": 1.0}]],
        [[True, 5, {"a": 1.0}]],
        [[0, -5, {"a": 1.0}]],
        [[2**63, 5, {"a": 1.0}]],
        [[0, 5, {"a": "1"}]],
        [[0, 5, {"a": True}]],
        [[0, 5, {"a": None}]],
        [[0, 5, {"a": 10**400}]],
        [[0, 5, {"a;b": 1.0}]],
    ],
)
def test_a_wrong_epoch_is_refused_and_other_runs_are_read(points: Any) -> None:
    rows, refused = read_body(json.dumps({"runs": {RUN: points, OTHER: [[0, 5, {"a": 1}]]}}).encode())
    assert rows == {OTHER: [("a", 1.0, 5, 0, False, OTHER)]}
    assert list(refused) == [RUN]
    assert refused[RUN].endswith(".")


@pytest.mark.parametrize("body", [b"", b"\xff", b"[1]", b'{"runs": []}', b"{}", b"[" * 100_000])
def test_another_body_is_refused(body: bytes) -> None:
    with pytest.raises(UserError, match="A request with epochs"):
        read_body(body)


def test_a_large_body_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(epoch_batch, "LARGEST_BODY", 20)
    with pytest.raises(UserError, match="has 48 bytes; at most 20"):
        read_body(as_body({RUN: []}))
