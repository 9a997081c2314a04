"""The training, validation and test part of the user's own labelled examples. N examples."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from gatebench.errors import UserError
from tasks.blocks.shuffling import permutation
from tasks.blocks.validation import check_number, check_whole

PARTS = ("train", "val", "test")
WORDS = {"train": "training", "val": "validation", "test": "test"}


@dataclass(frozen=True)
class OwnExamples:
    """OwnExamples examples of the user before they are split.

    Attributes:
        labels: (N,) the class of each example.
        copies: (N,) a key of each example that equal examples share. They are in one part if the seed splits them.
        place: `place(n)` returns the file and the line of example n, for messages.
        parts: (N,) "train", "val" or "test", as the user gives them; None: the seed splits.
        groups: (N,) the group of each example, for example the speaker, which is in one part only; None: no groups.
    """

    labels: Sequence[str]
    copies: Sequence[Hashable]
    place: Callable[[int], str]
    parts: Sequence[str] | None = None
    groups: Sequence[str] | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes in ascending order."""
        return tuple(sorted(set(self.labels)))


def check_shares(validation: object, test: object, split_seed: object) -> None:
    """Check the parameters `validation`, `test` and `split_seed` of a task.

    Raises:
        UserError: one of them is out of range.
    """
    check_number("validation", validation, 0.01, 0.45)
    check_number("test", test, 0.01, 0.45)
    check_whole("split_seed", split_seed, 0)


def split_labelled(data: OwnExamples, validation: float, test: float, seed: int) -> tuple[list[int], ...]:
    """Return the indices of the training, validation and test examples, each in ascending order.

    If the user gives the parts, they are taken, and only a missing validation part is drawn from the training part.
    Else the seed splits: each part has about its share of each class, and no group is in two parts.

    Args:
        data: the examples.
        validation: the share of the examples for validation.
        test: the share of the examples for test.
        seed: the seed of the split.

    Raises:
        UserError: a part is empty, a class has no training example, or the user's parts share a group.
    """
    keys: Sequence[Hashable] = data.copies if data.groups is None else data.groups
    everything = list(range(len(data.labels)))
    if data.parts is None:
        parts = share_out(everything, data.labels, keys, (validation, test), seed)
    else:
        given = {part: [n for n in everything if data.parts[n] == part] for part in PARTS}
        _check_groups(data)
        if given["train"] and not given["val"]:
            given["train"], given["val"] = share_out(given["train"], data.labels, keys, (validation,), seed)
        parts = [given[part] for part in PARTS]
    _check_parts(data, parts, len(set(keys)))
    return tuple(parts)


def share_out(
    indices: Sequence[int], labels: Sequence[str], keys: Sequence[Hashable], fractions: Sequence[float], seed: int
) -> list[list[int]]:
    """Return disjoint lists of indices: first the rest, then one part for each of the `fractions`.

    Examples with the same key are in the same part. The groups are taken from the largest to the smallest, those of one
    size in a random order. Each goes to the part that then differs least from its share of every class, by the measure
    of the chi-squared test: the sum of (number - share)² / share.

    Args:
        indices: the examples to split.
        labels: the classes of all examples.
        keys: the keys of all examples.
        fractions: the share of each further part.
        seed: the seed of the order.
    """
    groups: dict[Hashable, list[int]] = {}
    for place in permutation(len(indices), seed):
        groups.setdefault(keys[indices[place]], []).append(indices[place])
    totals = Counter(labels[index] for index in indices)
    shares = (1 - sum(fractions), *fractions)
    parts: list[list[int]] = [[] for _ in shares]
    counts = [Counter[str]() for _ in shares]

    def misfit(part: int, added: Counter[str]) -> float:
        """Return the change of the measure if a group with these numbers of each class joins a part."""
        change = 0.0
        for label, number in added.items():
            share = shares[part] * totals[label]
            change += number * (number + 2 * (counts[part][label] - share)) / share
        return change

    in_order = sorted(groups.values(), key=len, reverse=True)
    for done, group in enumerate(in_order):
        empty = [part for part in range(len(parts)) if not parts[part]]
        allowed = empty if len(in_order) - done <= len(empty) else range(len(parts))
        added = Counter(labels[index] for index in group)
        best = min(allowed, key=lambda part: misfit(part, added))
        parts[best] += group
        counts[best] += added
    return [sorted(part) for part in parts]


def _check_groups(data: OwnExamples) -> None:
    """Check that no group is in two parts of the user."""
    if data.groups is None or data.parts is None:
        return
    first: dict[str, int] = {}
    for index, (group, part) in enumerate(zip(data.groups, data.parts, strict=True)):
        other = first.setdefault(group, index)
        if data.parts[other] != part:
            raise UserError(
                f"The group {group!r} is in two parts: {data.place(other)} is in {data.parts[other]}, and "
                f"{data.place(index)} is in {part}."
            )


def _check_parts(data: OwnExamples, parts: Sequence[Sequence[int]], groups: int) -> None:
    """Check that no part is empty and that training has each class."""
    for name, part in zip(PARTS, parts, strict=True):
        if not part:
            counted = f"the data have {len(data.labels):,} examples"
            if data.groups is not None:
                counted += f" in {groups:,} groups"
            elif groups < len(data.labels):
                counted += f", {groups:,} of them different, and equal examples are kept in one part"
            raise UserError(f"The {WORDS[name]} part has no example: {counted}.")
    trained = {data.labels[index] for index in parts[0]}
    for index, label in enumerate(data.labels):
        if label not in trained:
            raise UserError(
                f"The class {label!r} has no training example; {data.place(index)} is one for another part."
            )
