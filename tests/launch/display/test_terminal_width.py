import sys

import pytest

from gatebench.report.text_page import MOST_WIDTH
from launch.display.terminal_width import LEAST_WIDTH, terminal_width


@pytest.mark.parametrize(("columns", "width"), [("80", 80), ("10", LEAST_WIDTH), ("300", MOST_WIDTH)])
def test_the_width_is_that_of_the_terminal_within_limits(
    columns: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert terminal_width() == MOST_WIDTH  # the output of a test is no terminal
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert terminal_width() == width
