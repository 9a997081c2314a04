import pytest
import torch

from tasks.text.attention import OutputAttention, make_attention


def values(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("kind", ["dot", "additive"])
def test_the_output_is_that_of_the_equations(kind: str) -> None:
    torch.manual_seed(0)
    attention = OutputAttention(kind, 3, 4)
    output, memory = values(2, 1, 4), values(5, 1, 3, seed=1)
    valid = torch.tensor([[True], [True], [True], [False], [False]])
    found = attention(output, memory, valid)
    for u in range(2):
        h = output[u, 0]
        scores = []
        for t in range(3):
            key = attention.key.weight @ memory[t, 0]
            if kind == "dot":
                scores.append(h @ key)
            else:
                assert attention.query is not None
                assert attention.score is not None
                scores.append(attention.score.weight[0] @ torch.tanh(key + attention.query(h)))
        share = torch.stack(scores).softmax(0)
        context = (share[:, None] * memory[:3, 0]).sum(0)
        expected = torch.tanh(attention.mix.weight @ torch.cat([context, h]))
        torch.testing.assert_close(found[u, 0], expected)


def test_padding_is_not_read() -> None:
    attention = make_attention("dot", 3, 4)
    output, memory = values(2, 2, 4), values(5, 2, 3, seed=1)
    valid = torch.arange(5)[:, None] < torch.tensor([5, 2])
    other = torch.where(valid[..., None], memory, 1e6)
    assert torch.equal(attention(output, memory, valid), attention(output, other, valid))
    assert isinstance(attention, OutputAttention)
    torch.testing.assert_close(attention.weights(output, memory, valid).sum(-1), torch.ones(2, 2))


def test_without_attention_the_output_stays() -> None:
    output = values(2, 2, 4)
    assert make_attention("none", 3, 4)(output, values(5, 2, 3), torch.ones(5, 2)) is output
