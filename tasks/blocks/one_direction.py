"""The check of tasks whose recurrent parts run in one direction only."""

from gatebench.errors import UserError
from gatebench.task import Parts


def check_one_direction(parts: Parts, reason: str) -> None:
    """Check that the trial does not ask for bidirectional layers.

    Args:
        parts: makes the recurrent parts.
        reason: a clause that says why there is one direction only.

    Raises:
        UserError: it asks for them.
    """
    if parts.directions == 2:
        raise UserError(f"model.bidirectional is true, but {reason}; set model.bidirectional=false.")
