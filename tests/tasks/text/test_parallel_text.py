from dataclasses import replace

import pytest
import torch

from gatebench.errors import UserError
from tasks.text.encoder_decoder import END, PAD
from tasks.text.parallel_text import TOKENS, ParallelSplit, aligned, target_lengths
from tests.pretend_device import Pretended, pretended_gpu

NAMES = ("a.txt", "b.txt")


def test_lines_belong_together_and_empty_ones_are_left_out() -> None:
    assert aligned("one\r\ntwo \n\nthree\n", "eins\nzwei\nleer\ndrei", NAMES) == [
        ("one", "eins"),
        ("two", "zwei"),
        ("three", "drei"),
    ]


def test_files_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UserError, match=r"a\.txt has 2 lines and b\.txt has 1; line n of the one must be"):
        aligned("one\ntwo\n", "eins\n", NAMES)
    with pytest.raises(UserError, match=r"a\.txt and b\.txt have no pair of lines with a text\."):
        aligned("\n\n", "eins\nzwei\n", NAMES)


def test_a_batch_has_sources_and_targets_with_padding() -> None:
    split = ParallelSplit.of([[5, 6, 7], [8], []], [[9, END], [3, 4, END], [END]])
    batch = split.batch(torch.tensor([1, 0, 2]))
    assert batch.x.T.tolist() == [[8, PAD, PAD], [5, 6, 7], [PAD, PAD, PAD]]
    assert batch.y.T.tolist() == [[3, 4, END], [9, END, PAD], [END, PAD, PAD]]
    assert batch.lengths is not None
    assert batch.lengths.tolist() == [1, 3, 1]
    assert (len(split), split.steps) == (3, 3)
    assert target_lengths(batch).tolist() == target_lengths(replace(batch, on_cpu={})).tolist() == [3, 2, 1]


def test_a_split_on_a_gpu_keeps_on_the_cpu_what_the_network_reads_there() -> None:
    split = ParallelSplit.of([[5, 6, 7], [8]], [[9, END], [3, 4, END]])
    split, indices = replace(split, kept=split.sources), torch.tensor([1, 0])
    wanted = split.batch(indices)
    assert wanted.on_cpu[TOKENS] is wanted.x
    with pretended_gpu() as waits:
        batch = split.with_tensors(Pretended).batch(indices)
        assert isinstance(batch.x, Pretended)
        assert not isinstance(batch.on_cpu[TOKENS], Pretended)
        assert torch.equal(batch.on_cpu[TOKENS], wanted.x)
        assert target_lengths(batch).tolist() == [3, 2]
        assert waits == []
