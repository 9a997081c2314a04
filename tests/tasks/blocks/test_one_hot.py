import torch

from tasks.blocks.one_hot import OneHot


def test_each_symbol_has_an_input_of_its_own() -> None:
    symbols = torch.tensor([[0, 2], [1, 1], [2, 0]], dtype=torch.uint8)
    encoded = OneHot(3)(symbols)
    assert encoded.shape == (3, 2, 3)
    assert encoded.dtype == torch.float32
    assert torch.equal(encoded, torch.nn.functional.one_hot(symbols.long(), 3).float())


def test_it_learns_nothing_and_is_no_part_of_a_checkpoint() -> None:
    assert not list(OneHot(3).parameters())
    assert not OneHot(3).state_dict()
