"""The console command: `gatebench VERB …`, one verb a module of this package."""

import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version

from gatebench.errors import UserError, unknown

VERBS = {
    "train": "train one trial",
    "sweep": "train the trials that an experiment or a grid spans, and print their table",
    "plan": "show what a sweep would run, and what it would cost",
    "speed": "time cells on their backends, once they agree with the reference",
    "table": "print the ablation table of what has been run",
    "cells": "list the cells, or show one: equations, parameters, cost",
    "data": "list, fetch and verify the data sets",
    "ui": "open the records in MLflow",
}
"""The verbs, each with what it does."""

EPILOG = """\
Settings are key=value in Hydra's grammar: cell=lstm,gru seed=range(0,5) training.max_epochs=3
All that is written lies below $GATEBENCH_HOME (./runs); data files are looked for below $GATEBENCH_DATA.
`gatebench VERB --help` says more."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code.

    0; 1 if trials failed; 2 for a user's mistake; 130 after Ctrl-C or SIGTERM; 141 if nobody reads what it prints.
    """
    if argv is None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what is open is closed
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except UserError as error:
        print(f"gatebench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("gatebench: stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader has gone (`| head`); the interpreter would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return code


def _run(arguments: list[str]) -> int:
    verb, rest = (arguments[0], arguments[1:]) if arguments else ("--help", [])
    if verb in ("-h", "--help", "help"):
        print(_usage())
        return 0
    if verb == "--version":
        print(f"gatebench {version('gatebench')}")
        return 0
    if verb not in VERBS:
        raise unknown("verb", verb, VERBS)
    code: int = import_module(f"launch.{verb}").run(rest)
    return code


def _usage() -> str:
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {verb:<{width}}  {does}" for verb, does in VERBS.items())
    return f"usage: gatebench VERB [key=value …]\n\nWhich gate matters, where, and by how much.\n\n{verbs}\n\n{EPILOG}"
