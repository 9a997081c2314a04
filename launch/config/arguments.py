"""The arguments after a verb: overrides, and the options that all verbs share."""

from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from gatebench.errors import UserError
from launch.config.compose import Plan, expand
from launch.config.past_trials import ReadPast, no_past


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message[:1].upper()}{message[1:]}; see {self.prog} --help.")


def parse_plan(
    verb: str,
    help_text: str | None,
    argv: Sequence[str],
    subjects: Sequence[str] = (),
    read_past: ReadPast = no_past,
) -> Plan | None:
    """Return the plan of a verb's arguments. With `--cfg job`, print the config instead and return None.

    Args:
        verb: the name of the verb.
        help_text: the text that `--help` prints.
        argv: the arguments after the verb.
        subjects: overrides that go before those in `argv`.
        read_past: the function that reads the earlier trials, see `launch.config.compose.expand`.

    Raises:
        UserError: an option is unknown, or a setting is not allowed.
    """
    arguments = parse_arguments(verb, help_text, argv)
    plan = expand([*subjects, *arguments.overrides], arguments.config_dir, read_past)
    if arguments.cfg is None:
        return plan
    print(plan.text, end="")
    return None


def parse_arguments(verb: str, help_text: str | None, argv: Sequence[str]) -> Namespace:
    """Return the arguments after a verb: `overrides`, `config_dir`, and `cfg`, which is "job" or None.

    Raises:
        UserError: an option is unknown.
    """
    parser = _Parser(
        f"gatebench {verb}", description=help_text, formatter_class=RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="settings, in Hydra's override grammar")
    parser.add_argument("--cfg", choices=["job"], help="print the composed config and do nothing else")
    parser.add_argument(
        "--config-dir", type=Path, metavar="DIR", help="an additional folder of configs with the layout of conf/"
    )
    return parser.parse_intermixed_args(argv)
