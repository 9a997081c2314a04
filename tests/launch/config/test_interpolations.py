import pytest

from launch.config.interpolations import ANYTHING, has_interpolation, referenced_keys


@pytest.mark.parametrize(
    ("content", "keys"),
    [
        ("plain", set()),
        ({"a": 1, "b": [None, True]}, set()),
        ("${model.hidden_size}", {"model"}),
        ({"a": ["x ${seed} and ${cell.name}"]}, {"seed", "cell"}),
        ({"${seed}": 1}, {"seed"}),
        ("${oc.env:HOME}/file", set()),
        ("${oc.env:HOME,${seed}}", {ANYTHING, "seed"}),
        ("${data:series/a.csv}", {"data_root"}),
        ("${.sibling}", {ANYTHING}),
        ("${model[hidden_size]}", {ANYTHING}),
        ("${some_resolver:1}", {ANYTHING}),
        ("${unfinished", {ANYTHING}),
    ],
)
def test_the_keys_that_are_referred_to(content: object, keys: set[str]) -> None:
    assert referenced_keys(content) == keys
    assert has_interpolation(content) == ("${" in repr(content))
