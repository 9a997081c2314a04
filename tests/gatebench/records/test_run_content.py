import json
from typing import Any

import pytest

from gatebench.errors import UserError
from gatebench.records.run_content import RunContent
from tests.launch.trials import trial


def test_the_content_of_a_run_comes_back() -> None:
    content = RunContent.of(trial("lstm"), {"attempt": "0123"})
    assert content.tags["attempt"] == "0123"
    assert content.files["config.yaml"]
    assert content.dataset["name"] == "digits"
    assert RunContent.from_json(json.loads(json.dumps(content.to_json()))) == content


@pytest.mark.parametrize(
    ("key", "value"),
    [("name", 1), ("tags", {}), ("tags", {"digest": 1}), ("params", None), ("files", []), ("dataset", {"a": 1})],
)
def test_wrong_content_is_refused(key: str, value: Any) -> None:
    content = RunContent.of(trial("lstm"), {}).to_json()
    with pytest.raises(UserError, match=r"so it is not used\.$"):
        RunContent.from_json({**content, key: value})
