"""The console command `gatebench VERB …`. Each verb is a module of this package with a function `run`."""

import errno
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TextIO

from gatebench.errors import UserError, unknown
from gatebench.records.address import hide_credentials
from launch.display.plain_text import use_plain_text

VERBS = {
    "train": "train one trial",
    "sweep": "train the trials that an experiment or a grid spans, and print their table",
    "plan": "show the trials of a sweep before they run, and their cost",
    "status": "show the states of a study's trials, the progress of those that run, and the time left",
    "speed": "time training steps of cells on their backends, or the parts of a trial",
    "table": "print the ablation table of the trials in the records",
    "report": "write the report of a study as one HTML page: table, figures, equations, provenance",
    "gates": "show what the gates of a trained network do on one example",
    "plot": "draw pictures of a study: scores, curves, gates, gradients",
    "cells": "list the cells, or show or draw one",
    "new": "write a cell or a task of your own that works, with its test",
    "data": "list, fetch and verify the data sets",
    "drain": "bring trials that wait on the disk to the records, or rebuild a lost database",
    "ui": "open the records in MLflow",
    "export": "write a trained network as ONNX, or as a module of plain torch",
    "export-study": "write a study to one zip file",
    "import-study": "read a study from such a zip file",
    "prune": "list the files that nothing needs any more, and remove them with yes=true",
}
"""The verbs, each with a description."""

EPILOG = """\
Settings are key=value in Hydra's grammar: cell=lstm,gru 'seed=range(0,5)' training.max_epochs=3
Everything is written below $GATEBENCH_HOME (default: ./runs). Data files are read below $GATEBENCH_DATA.
`gatebench VERB --help` describes a verb."""

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The system's errors for a full disk, for an exceeded quota and for a file that is larger than allowed."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    Returns:
        0 for success; 1 if trials failed; 2 for a mistake of the user; 130 after Ctrl-C or SIGTERM; 141 if the reader
        of the output has closed it.
    """
    if argv is None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # like Ctrl-C: open runs are closed
        if sys.argv[1:2] == ["table"]:
            # The matrices of a table are so small that a second thread of OpenBLAS costs more than it saves. NumPy
            # reads the number when it is imported.
            os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _open_closed_streams()
    use_plain_text()
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except UserError as error:
        _complain(hide_credentials(str(error), *_addresses(arguments)))
        return 2
    except KeyboardInterrupt:
        _complain("stopped.")
        return 130
    except BrokenPipeError:  # the reader has closed the pipe, as `| head` does
        _discard_output(sys.stdout)
        return 141
    except OSError as error:
        if error.errno not in FULL:
            raise
        place = error.filename or "The standard output, or a file,"
        _complain(f"{place} cannot be written to ({error.strerror}); make space and run the command again.")
        _discard_output(sys.stdout)
        return 2
    return code


def _open_closed_streams() -> None:
    """Discard the output to a standard stream that the shell has closed. Python has None in its place."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  (it is open until the end)


def _complain(sentence: str) -> None:
    """Print a sentence to the standard error."""
    try:
        print(f"gatebench: {sentence}", file=sys.stderr, flush=True)
    except OSError:  # the standard error is on a full disk, too
        _discard_output(sys.stderr)


def _discard_output(stream: TextIO) -> None:
    """Discard the output that is still to be written. The interpreter would fail at exit and give another code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _run(arguments: list[str]) -> int:
    verb, rest = (arguments[0], arguments[1:]) if arguments else ("--help", [])
    if verb in ("-h", "--help", "help"):
        print(_usage())
        return 0
    if verb == "--version":
        from importlib.metadata import version

        print(f"gatebench {version('gatebench')}")
        return 0
    if verb not in VERBS:
        raise unknown("verb", verb, VERBS)
    code: int = import_module(f"launch.{verb.replace('-', '_')}").run(rest)
    return code


def _addresses(arguments: Sequence[str]) -> list[str]:
    """Return the addresses of records in the arguments and the environment. Their credentials are not printed."""
    given = [text.partition("=")[2].strip("'\"") for text in arguments if text.lstrip("+").startswith("tracking_uri=")]
    return [*given, os.environ.get("MLFLOW_TRACKING_URI", "")]


def _usage() -> str:
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {verb:<{width}}  {description}" for verb, description in VERBS.items())
    return (
        "usage: gatebench VERB [key=value …]\n\n"
        "Which gate of a recurrent network matters, where, and by how much.\n\n"
        f"{verbs}\n\n{EPILOG}"
    )


if __name__ == "__main__":
    sys.exit(main())
