import torch

from tasks.blocks.splits import TensorSplit
from tasks.images.permuted_split import JointSplit, PermutedSplit

IMAGES = torch.arange(5 * 12).reshape(5, 12).to(torch.uint8)
LABELS = torch.tensor([4, 3, 2, 1, 0])
ORDER = torch.tensor([3, 0, 11, 1, 2, 4, 10, 9, 5, 6, 8, 7])


def test_values_come_in_the_order_and_as_the_steps_say() -> None:
    for steps in (12, 4, 1):
        batch = PermutedSplit(IMAGES, LABELS, ORDER, steps).batch(torch.tensor([2, 0, 2]))
        assert batch.x.shape == (steps, 3, 12 // steps)
        assert batch.x.is_contiguous()
        assert torch.allclose(batch.x.transpose(0, 1).flatten(1) * 255, IMAGES[[2, 0, 2]][:, ORDER].float())
        assert batch.y.tolist() == [2, 4, 2]
        assert batch.lengths is None


def test_images_are_shared_and_a_batch_may_be_changed_without_harm() -> None:
    one, other = (PermutedSplit(IMAGES, LABELS, order, 4) for order in (ORDER, ORDER.flip(0)))
    assert one.images.data_ptr() == other.images.data_ptr() == IMAGES.data_ptr()
    kept = IMAGES.clone()
    one.batch(torch.arange(5)).x.zero_()
    assert torch.equal(IMAGES, kept)


def test_joint_examples_are_those_of_the_parts_one_after_another() -> None:
    parts = [
        TensorSplit(torch.full((count, 3, 2), float(number)), torch.arange(count) + 10 * number)
        for number, count in enumerate((4, 1, 3))
    ]
    joint = JointSplit(parts)
    assert len(joint) == 8
    assert joint.lengths is None
    whole = joint.batch(torch.arange(8))
    assert whole.y.tolist() == [0, 1, 2, 3, 10, 20, 21, 22]
    indices = torch.tensor([7, 0, 4, 3, 7, 5, 0])
    batch = joint.batch(indices)
    assert batch.y.tolist() == whole.y[indices].tolist()
    assert torch.equal(batch.x, whole.x[:, indices])
    assert batch.x[0, :, 0].tolist() == [2, 0, 1, 0, 2, 2, 0]
