"""Write a cell or a task of your own that works, with its test, as the beginning of yours.

  gatebench new cell lstm_leaky folder=mine
  gatebench new task my_task folder=mine

The folder is one for --config-dir; by default it is the working directory. No file is overwritten.
"""

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from gatebench.errors import UserError, out_of_range, unknown
from gatebench.packages import config_folders
from launch.skeletons import SKELETONS


def run(argv: Sequence[str]) -> int:
    """Write the files, print their names and the commands that use them, and return 0.

    Raises:
        UserError: the kind or the name is not allowed, or a file exists or cannot be written.
    """
    if not argv or set(argv) & {"-h", "--help"}:
        print(__doc__.strip())
        return 0
    words = [argument for argument in argv if "=" not in argument]
    for argument in argv:
        if "=" in argument and not argument.startswith("folder="):
            raise unknown("setting", argument.partition("=")[0], ["folder"], where="of gatebench new")
    if len(words) != 2:
        raise UserError("gatebench new needs a kind and a name, as in gatebench new cell lstm_leaky folder=mine.")
    kind, name = words
    if kind not in SKELETONS:
        raise unknown("kind", kind, SKELETONS, where="of gatebench new")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in _known(kind):
        wanted = f"a word of a-z, digits and underscores that is no {kind} of gatebench"
        raise out_of_range("The name", name, wanted)
    if kind == "task" and find_spec(name) is not None:
        raise UserError(f"There is a Python module {name} already, and a task is one, too; choose another name.")
    folder = Path(next((one.partition("=")[2] for one in reversed(argv) if "=" in one), ".")).expanduser()
    for path in _write(folder, SKELETONS[kind](name)):
        print(path)
    variables = f"GATEBENCH_TASKS={name} PYTHONPATH={folder} " if kind == "task" else ""
    print(f"\n{variables}gatebench train {kind}={name} --config-dir {folder}")
    print(f"{variables}python -m pytest {folder / f'test_{name}.py'}")
    return 0


def _known(kind: str) -> set[str]:
    """Return the names of the cells or tasks of gatebench and of installed packages."""
    folders = [folder / kind for folder in config_folders().values() if (folder / kind).is_dir()]
    return {path.name.removesuffix(".yaml") for folder in (files("conf") / kind, *folders) for path in folder.iterdir()}


def _write(folder: Path, contents: Mapping[str, str]) -> list[Path]:
    """Write the files below the folder and return their paths. Nothing is written if one of them exists."""
    paths = {folder / name: content for name, content in contents.items()}
    for path in paths:
        if path.exists():
            raise UserError(f"{path} exists already; choose another name or another folder.")
    for path, content in paths.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        except OSError as error:
            raise UserError(f"{path} cannot be written: {error.strerror}.") from None
    return list(paths)
