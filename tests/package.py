"""A small installed package: files and a folder `dist-info` on Python's search path, as pip writes them."""

from collections.abc import Mapping
from pathlib import Path

import pytest

LEAKY = "name: acme_leaky\nbase: lstm\nsource: Acme 2026\nablate: {f: {fix: 0.9}}\n"

BACKEND = """
from gatebench.backends import reference

NAME, DESCRIPTION = "acme_loop", "the reference of a package"
refuses_cell, run = reference.refuses_cell, reference.run


def refuses(cell, work):
    return "acme_loop has no cells of more than 8 units." if work.H > 8 else reference.refuses(cell, work)
"""

TASK = '''
from dataclasses import dataclass

from tasks.synthetic.parity import Parity


@dataclass(frozen=True)
class Odd(Parity):
    """A task of a package."""
'''

ODD = """
_target_: NAME.task.Odd
name: odd
length: 8
shortest_test: 9
length_test: 10
training: 40
validation: 20
test: 20
"""


def install(
    site: Path, patch: pytest.MonkeyPatch, name: str, entry_points: Mapping[str, str], files: Mapping[str, str]
) -> Path:
    """Write a package and put its folder on Python's search path. Return the folder of the package.

    Args:
        site: the folder that stands for site-packages.
        patch: the change that ends with the test.
        name: the name of the package and of its module.
        entry_points: {group and name, like "gatebench.cells/acme": value}.
        files: {path below the package: content}. NAME in it is the name of the package.
    """
    package, info = site / name, site / f"{name}-1.0.dist-info"
    for path, content in {"__init__.py": "", **files}.items():
        (package / path).parent.mkdir(parents=True, exist_ok=True)
        (package / path).write_text(content.replace("NAME.", f"{name}."), encoding="utf-8")
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    lines = []
    for key, value in entry_points.items():
        group, _, entry = key.partition("/")
        lines.append(f"[{group}]\n{entry} = {value}\n")
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    patch.syspath_prepend(str(site))
    return package
