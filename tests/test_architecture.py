"""The page about the architecture names files that exist, and all packages."""

import re

import pytest

from tests.paths import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PATHS = sorted(set(re.findall(r"`((?:gatebench|tasks|launch|conf|tests)(?:/[\w.]+)*)`", PAGE)))


@pytest.mark.parametrize("path", PATHS)
def test_a_named_path_exists(path: str) -> None:
    assert (ROOT / path).exists(), f"docs/architecture.md names {path}, which does not exist."


def test_every_package_of_the_library_is_named() -> None:
    packages = {f"gatebench/{folder.parent.name}" for folder in (ROOT / "gatebench").glob("*/__init__.py")}
    assert packages <= set(PATHS)
