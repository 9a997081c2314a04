import torch

from gatebench.training.rank_group import NO_GROUP


def test_a_process_without_others_keeps_its_values() -> None:
    values = torch.tensor([0.1, float("nan")])
    assert NO_GROUP.is_alone
    assert NO_GROUP.is_first
    assert NO_GROUP.start_sum(0.1)() == 0.1
    assert NO_GROUP.sum(values).dtype == torch.float64
    assert NO_GROUP.sum(values)[0] == values[0].double()
    assert NO_GROUP.sum_by_name({"correct": 3.0}) == {"correct": 3.0}
    assert NO_GROUP.gather_bytes(b"text") == [b"text"]
    assert [*NO_GROUP.any(True, False)] == [True, False]
