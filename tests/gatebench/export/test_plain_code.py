import pytest
from torch import nn

from gatebench.errors import UserError
from gatebench.export.plain_code import plain_module


def test_modules_in_sequence_are_one_expression_with_members_of_their_own() -> None:
    layer = nn.Linear(2, 3)
    whole = plain_module(nn.Sequential(nn.Embedding(5, 2, padding_idx=0), nn.Dropout(0.1), nn.Sequential(layer)))
    assert whole.expression == "{self}2_0_linear({self}0_embedding({x}))"
    assert whole.members == {"0_embedding": "nn.Embedding(5, 2)", "2_0_linear": "nn.Linear(2, 3)"}
    assert list(whole.weights) == ["0_embedding.weight", "2_0_linear.weight", "2_0_linear.bias"]
    assert whole.weights["2_0_linear.weight"] is layer.weight


def test_other_modules_are_refused() -> None:
    with pytest.raises(UserError, match="The module Tanh of this task cannot be exported"):
        plain_module(nn.Tanh())
