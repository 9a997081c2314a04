"""Where the trials of a study come from: versions, machines and checksums of the data."""

from collections import Counter
from collections.abc import Sequence

from gatebench.outcome import Outcome
from gatebench.report.number_format import one_line
from gatebench.report.study_page.cut_lists import cut_list

FIRST = ("version/", "commit", "host", "platform", "processor", "cores", "device", "gpu", "backend", "data/")
"""The beginnings of the names of facts, in the order in which they are shown. Other facts follow."""

NOT_SHOWN = ("weights",)
"""The names of facts that do not say where a trial comes from."""

UNKNOWN = "unknown"
"""The text for trials that do not have a fact."""


def provenance(outcomes: Sequence[Outcome]) -> list[tuple[str, str]]:
    """Return pairs of the name of a fact and its values, with numbers of trials if they differ.

    Args:
        outcomes: one outcome for each trial.
    """
    known = {name for outcome in outcomes for name in outcome.facts}
    names = sorted(known.difference(NOT_SHOWN), key=lambda name: (_rank(name), name))
    return [(one_line(name), _values(name, outcomes)) for name in names]


def _rank(name: str) -> int:
    return next((rank for rank, start in enumerate(FIRST) if name.startswith(start)), len(FIRST))


def _values(name: str, outcomes: Sequence[Outcome]) -> str:
    """Return the values of a fact, the most frequent one first: "fused (46 trials), reference (2 trials)".

    A checksum of data differs between tasks that use other files, so trials without the fact are not mentioned there.
    """
    is_data = name.startswith("data/")
    counts = Counter(outcome.facts.get(name, UNKNOWN) for outcome in outcomes)
    if is_data:
        del counts[UNKNOWN]
    if len(counts) == 1:
        return one_line(next(iter(counts)))
    texts = [f"{one_line(value)} ({n:,} trial{'' if n == 1 else 's'})" for value, n in counts.most_common()]
    return cut_list(texts)
