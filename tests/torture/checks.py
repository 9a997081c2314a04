"""The commands that check a round. They run in copies of this process, which has imported their code already."""

import importlib
import os
import sys
import traceback
from pathlib import Path

from tests.torture.place import Place


def import_commands() -> None:
    """Import the code of the commands, which takes seconds."""
    for name in ("launch.main", "launch.drain", "launch.table"):
        importlib.import_module(name)


def run_in_a_copy(place: Place, *arguments: str) -> str:
    """Run `gatebench ARGUMENTS` in a copy of this process and return its output.

    Raises:
        AssertionError: its exit code is not 0.
    """
    log = place.new_log(arguments[0])
    process = os.fork()
    if not process:
        _run(log, place, *arguments)
    _, status = os.waitpid(process, 0)
    text = log.read_text(encoding="utf-8", errors="replace")
    code = os.waitstatus_to_exitcode(status)
    assert code == 0, f"gatebench {' '.join(arguments)} ended with {code}:\n{text[-3000:]}"
    return text


def _run(log: Path, place: Place, *arguments: str) -> None:
    """Become the command."""
    code = 1
    try:
        with log.open("wb") as output:
            for number in (1, 2):
                os.dup2(output.fileno(), number)
        os.environ.clear()
        os.environ.update(place.environment())
        os.chdir(place.root)
        from launch.main import main

        code = main(arguments)
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)
