import torch

from tasks.text.spelling import FEATURES, SpelledWords, WordNumbers, spelling


def test_a_shape_has_each_run_of_signs_once() -> None:
    assert spelling("@McDonalds2016!!")[0] == "@XxXxd!"


def test_rare_words_are_unknown_and_differ_by_their_spelling() -> None:
    numbers = WordNumbers(["Run", "run", "tree"], 2, 50)
    assert numbers.size == 3 + FEATURES * 50
    run, tree, other = (numbers.row(word) for word in ("RUN", "tree", "trees"))
    assert [run[0], tree[0], other[0]] == [2, 1, 1]
    assert tree[1:] != other[1:]
    assert all(0 < number < numbers.size for number in (*run, *tree, *other))
    assert WordNumbers(["a"], 1, 0).rows(["a", "b"]).tolist() == [[2], [1]]


def test_the_hashes_are_the_same_everywhere() -> None:
    assert WordNumbers([], 1, 1000).row("Anna") == [1, 215, 1349, 2769, 3602]


def test_padding_adds_nothing() -> None:
    rows = torch.tensor([[[1, 2], [7, 8]], [[3, 4], [0, 0]], [[5, 6], [0, 0]]])
    encoder = SpelledWords(11, 4, 0.5).eval()
    assert encoder(rows)[1:, 1].abs().max() == 0
    assert torch.allclose(encoder(rows)[0, 0], encoder.table.weight[1] + encoder.table.weight[2])
