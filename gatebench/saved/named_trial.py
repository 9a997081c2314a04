"""The trial of a study with a digest."""

from collections.abc import Sequence

from gatebench.errors import UserError, nearest
from gatebench.outcome import Outcome


def trial_of_digest(outcomes: Sequence[Outcome], study: str, digest: str) -> Outcome:
    """Return the newest finished outcome of a trial, or else its newest one.

    Args:
        outcomes: the outcomes of the study, oldest first.
        study: the name of the study.
        digest: the digest of the trial, or its beginning.

    Raises:
        UserError: the study has no such trial, or several.
    """
    digests = list(dict.fromkeys(one.digest for one in outcomes))
    found = [one for one in digests if digest and one.startswith(digest)]
    if len(found) != 1:
        near = nearest(digest, digests)
        hint = f"; did you mean {near[0]!r}?" if near and not found else "."
        reason = f"has {len(found)} trials" if found else "has no trial"
        raise UserError(f"The study {study!r} {reason} {digest!r}{hint} gatebench.load_study lists their digests.")
    own = [one for one in outcomes if one.digest == found[0]]
    return next((one for one in reversed(own) if one.status == "finished"), own[-1])
