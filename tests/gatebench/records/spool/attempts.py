"""Owners and attempts to test with."""

from collections.abc import Callable

from gatebench.errors import UserError
from gatebench.records.owner import Owner

OWNER = Owner("owner0", "machine", 12)
FIRST, SECOND, THIRD = "00000000000a", "00000000000b", "00000000000c"


def message_of(read: Callable[[], object]) -> str:
    """Return the message with which something is refused; "" if it is not refused."""
    try:
        read()
    except UserError as error:
        return str(error)
    return ""
