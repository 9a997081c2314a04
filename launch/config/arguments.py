"""What follows a verb on the command line: overrides, and the few options that all verbs share."""

from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from gatebench.errors import UserError
from launch.config.compose import Plan, expand


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message[:1].upper()}{message[1:]}; see {self.prog} --help.")


def ask(verb: str, description: str | None, argv: Sequence[str], subjects: Sequence[str] = ()) -> Plan | None:
    """Return the plan that a verb's arguments ask for; None if `--cfg job` asks to see the config, which is printed.

    Args:
        verb: its name.
        description: its help, which `--help` prints before it exits.
        argv: what follows it.
        subjects: overrides that go before those in `argv`.

    Raises:
        UserError: an option is unknown, or a setting is not allowed.
    """
    given = read(verb, description, argv)
    plan = expand([*subjects, *given.overrides], given.config_dir)
    if given.cfg is None:
        return plan
    print(plan.text, end="")
    return None


def read(verb: str, description: str | None, argv: Sequence[str]) -> Namespace:
    """Return what follows a verb: `overrides`, `config_dir`, and `cfg`, which is "job" to see the config.

    Raises:
        UserError: an option is unknown.
    """
    parser = _Parser(
        f"gatebench {verb}", description=description, formatter_class=RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="settings, in Hydra's override grammar")
    parser.add_argument("--cfg", choices=["job"], help="print the composed config and do nothing else")
    parser.add_argument("--config-dir", type=Path, metavar="DIR", help="a further folder of configs, laid out as conf/")
    return parser.parse_intermixed_args(argv)
