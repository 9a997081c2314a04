import pytest

from launch.skeletons import SKELETONS


@pytest.mark.parametrize("kind", SKELETONS)
def test_every_placeholder_is_replaced(kind: str) -> None:
    files = SKELETONS[kind]("my_thing")
    assert all("NAME" not in text.replace("cells show NAME", "") and "CLASS" not in text for text in files.values())
    assert "test_my_thing.py" in files
