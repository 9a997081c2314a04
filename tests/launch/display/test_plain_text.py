import io
import sys

import pytest

from launch.display.plain_text import EQUIVALENTS, HANDLER, plain, use_plain_text
from tests.paths import ROOT


def test_every_character_of_the_sources_has_a_plain_equivalent() -> None:
    paths = [*(ROOT / "gatebench").rglob("*.py"), *(ROOT / "launch").rglob("*.py"), *(ROOT / "conf").rglob("*.yaml")]
    characters = {character for path in paths for character in path.read_text("utf-8") if not character.isascii()}
    unknown = {character for character in characters if plain(character) == "?"}
    assert EQUIVALENTS.keys() & characters
    assert unknown <= {"☃"}  # it stands in the docstring of `plain`


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("ascii", "0.9 +- 0.1 x^2 -> ..."), ("latin-1", "0.9 ± 0.1 x² -> ..."), ("utf-8", "0.9 ± 0.1 x² → …")],
)
def test_only_characters_that_the_encoding_lacks_are_replaced(
    encoding: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(content, encoding))
    use_plain_text()
    assert sys.stdout.errors == HANDLER
    print("0.9 ± 0.1 x² → …", flush=True)
    assert content.getvalue().decode(encoding).rstrip() == expected
    monkeypatch.undo()
    use_plain_text()
