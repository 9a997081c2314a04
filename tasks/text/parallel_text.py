"""Pairs of sequences, and pairs of texts: files of lines, of which line n of the one belongs to line n of the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gatebench.errors import UserError
from gatebench.task import Batch
from tasks.blocks.padded_rows import padded_rows


def aligned(source: str, target: str, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return the pairs of lines. Pairs with an empty line are left out.

    Args:
        source: the text of the source file.
        target: the text of the target file.
        names: the names of the two files, for messages.

    Raises:
        UserError: the files have different numbers of lines, or no pair.
    """
    lines, others = (text.replace("\r\n", "\n").removesuffix("\n").split("\n") for text in (source, target))
    if len(lines) != len(others):
        raise UserError(
            f"{names[0]} has {len(lines):,} lines and {names[1]} has {len(others):,}; line n of the one must be the "
            "translation of line n of the other."
        )
    pairs = [(one.strip(), other.strip()) for one, other in zip(lines, others, strict=True)]
    pairs = [pair for pair in pairs if all(pair)]
    if not pairs:
        raise UserError(f"{names[0]} and {names[1]} have no pair of lines with a text.")
    return pairs


TARGET_LENGTHS, TOKENS = "target lengths", "tokens"
"""The names of the numbers of a batch that lie on the CPU: (B,) lengths of the targets, and (T, B) source tokens."""


def target_lengths(batch: Batch) -> Tensor:
    """Return the number of targets of each example, (B,) on the CPU. Targets (U, B) end with padding, which is 0."""
    known = batch.on_cpu.get(TARGET_LENGTHS)
    return (batch.y != 0).sum(0).cpu() if known is None else known


@dataclass(eq=False, slots=True)
class ParallelSplit:
    """Pairs of token sequences. N examples, T source steps, U target steps, B batch.

    Attributes:
        sources: (S,) the source tokens of all examples, one after another.
        targets: (S',) the target tokens of all examples, one after another.
        starts: (N,) the first source token of each example.
        lengths: (N,) the number of source tokens of each example.
        target_starts: (N,) the first target token of each example.
        target_lengths: (N,) the number of target tokens of each example.
        kept: the source tokens on the CPU, wherever `sources` lie, if the network reads them there too.
    """

    sources: Tensor
    targets: Tensor
    starts: Tensor
    lengths: Tensor | None
    target_starts: Tensor
    target_lengths: Tensor
    kept: Tensor | None = None

    @classmethod
    def of(cls, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> "ParallelSplit":
        """Return the split of some pairs. The padding is 0. A source without a token has one of padding."""
        read = [list(one) or [0] for one in sources]
        lengths, target_lengths = (torch.tensor([len(one) for one in texts]) for texts in (read, targets))
        return cls(
            torch.tensor([token for one in read for token in one]),
            torch.tensor([token for one in targets for token in one]),
            lengths.cumsum(0) - lengths,
            lengths,
            target_lengths.cumsum(0) - target_lengths,
            target_lengths,
        )

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def steps(self) -> int:
        """The largest number of source or target steps."""
        assert self.lengths is not None  # `of` sets it
        return int(torch.maximum(self.lengths, self.target_lengths).max())

    def with_tensors(self, change: Callable[[Tensor], Tensor]) -> "ParallelSplit":
        """Return the split with changed tensors of tokens, for example on another device."""
        return replace(self, sources=change(self.sources), targets=change(self.targets))

    def batch(self, indices: Tensor) -> Batch:
        """Return the examples with these indices (B,): sources (T, B), targets (U, B) with padding, lengths (B,)."""
        assert self.lengths is not None  # `of` sets it
        starts, lengths, written = self.starts[indices], self.lengths[indices], self.target_lengths[indices]
        x = padded_rows(self.sources, starts, lengths)
        on_cpu = {TARGET_LENGTHS: written}
        if self.kept is not None:
            on_cpu[TOKENS] = x if self.kept is self.sources else padded_rows(self.kept, starts, lengths)
        return Batch(x, padded_rows(self.targets, self.target_starts[indices], written), lengths, on_cpu=on_cpu)
