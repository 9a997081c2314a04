"""Augmentation and standardisation of a batch of features. T time, B batch, I features, V versions of a clip."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor, nn

from gatebench.module_export import OnnxNodes, PlainModule

MASKS_PER_AXIS = 2  # as in SpecAugment's policies for large data sets


@dataclass(frozen=True)
class Augmentations:
    """The augmentations of training batches. They are drawn anew for every clip in every epoch.

    Attributes:
        noisy_share: the probability, from 0 to 1, that a clip is replaced by one of its noisy versions.
        shift: a clip is shifted in time by up to this number of frames in either direction.
        time_mask: each of two masks hides fewer adjoining frames than this; 0 for no masks.
        frequency_mask: each of two masks hides fewer adjoining features than this; 0 for no masks.
    """

    noisy_share: float = 0.0
    shift: int = 0
    time_mask: int = 0
    frequency_mask: int = 0


class Augment(nn.Module):
    """Standardise features, in training mode after augmentation.

    The input (T, B, V · I) has the V versions of each clip, the clean one first. The output is (T, B, I). Masked values
    are 0, the mean. A shifted clip is padded with silence.

    The module draws from its own generator, which starts from the seed of torch's global generator. Its draws thus
    follow the trial's seed and do not depend on the draws of dropout or of the cell.

    Args:
        mean: (I,) is subtracted from the features.
        scale: (I,) divides the features.
        silence: (I,) the features of silence, not standardised.
        augmentations: the augmentations in training mode.
    """

    mean: Tensor
    scale: Tensor
    silence: Tensor

    def __init__(self, mean: Tensor, scale: Tensor, silence: Tensor, augmentations: Augmentations) -> None:
        super().__init__()
        for name, value in {"mean": mean, "scale": scale, "silence": silence}.items():
            self.register_buffer(name, value)
        self.augmentations = augmentations
        self.generator = Generator().manual_seed(torch.initial_seed())

    def forward(self, x: Tensor) -> Tensor:
        """Return the standardised features (T, B, I) of (T, B, V · I)."""
        width = len(self.mean)
        if not self.training:
            return (x[..., :width] - self.mean) / self.scale
        x = self._shift(self._select_versions(x))
        x = (x - self.mean) / self.scale
        for mask in self._draw_masks(x):
            x = x.masked_fill(mask.to(x.device, non_blocking=True), 0.0)
        return x

    def to_onnx(self, nodes: OnnxNodes, x: str, lengths: str | None) -> str:
        """See `gatebench.module_export.ExportableModule`."""
        del lengths
        start, end, axis = (nodes.constant(np.array([number])) for number in (0, len(self.mean), -1))
        mean, scale = (nodes.constant(values.cpu().numpy()) for values in (self.mean, self.scale))
        return nodes.add("Div", nodes.add("Sub", nodes.add("Slice", x, start, end, axis), mean), scale)

    def to_plain(self) -> PlainModule:
        """See `gatebench.module_export.ExportableModule`."""
        expression = f"({{x}}[..., :{len(self.mean)}] - {{self}}mean) / {{self}}scale"
        return PlainModule(expression, buffers={"mean": self.mean, "scale": self.scale})

    def _select_versions(self, x: Tensor) -> Tensor:
        """Return one version (T, B, I) of each clip in (T, B, V · I)."""
        steps, clips, features = x.shape
        width = len(self.mean)
        versions = features // width
        if versions == 1:
            return x
        is_noisy = torch.rand(clips, generator=self.generator) < self.augmentations.noisy_share
        version = is_noisy * torch.randint(1, versions, (clips,), generator=self.generator)
        return select_versions(x.reshape(steps, clips, versions, width), version)

    def _shift(self, x: Tensor) -> Tensor:
        """Return the clips (T, B, I), each shifted by a random number of frames."""
        most = self.augmentations.shift
        if not most:
            return x
        frames = torch.randint(-most, most + 1, (x.shape[1],), generator=self.generator)
        return shift_frames(x, frames, self.silence)

    def _draw_masks(self, x: Tensor) -> list[Tensor]:
        """Return the masks of the clips (T, B, I), each of a shape that broadcasts to that of the clips."""
        steps, clips, width = x.shape
        masks = []
        if self.augmentations.time_mask:
            time_mask = draw_masks(clips, steps, self.augmentations.time_mask, self.generator)
            masks.append(time_mask.T[:, :, None])
        if self.augmentations.frequency_mask:
            masks.append(draw_masks(clips, width, self.augmentations.frequency_mask, self.generator))
        return masks


def select_versions(x: Tensor, versions: Tensor) -> Tensor:
    """Return one version (T, B, I) of each clip in (T, B, V, I): the one with the number in `versions` (B,)."""
    return x[:, torch.arange(x.shape[1], device=x.device), versions.to(x.device, non_blocking=True)]


def shift_frames(x: Tensor, frames: Tensor, silence: Tensor) -> Tensor:
    """Return the clips (T, B, I), each delayed by its number of `frames` (B,) and padded with silence (I,).

    A negative number shifts a clip towards its beginning.
    """
    source = torch.arange(len(x), device=x.device)[:, None] - frames.to(x.device, non_blocking=True)
    outside = (source < 0) | (source >= len(x))
    shifted = x.gather(0, source.clamp(0, len(x) - 1)[..., None].expand_as(x))
    return torch.where(outside[..., None], silence, shifted)


def draw_masks(clips: int, size: int, most: int, generator: Generator) -> Tensor:
    """Return masks (B, size) for an axis: true within two random spans of fewer than `most` adjoining places.

    The draws are those of torchaudio's `mask_along_axis_iid`, which is not used because it always draws from torch's
    global generator.
    """
    places, hidden = torch.arange(size), torch.zeros(clips, size, dtype=torch.bool)
    for _ in range(MASKS_PER_AXIS):
        width = torch.rand(clips, generator=generator) * most
        start = (torch.rand(clips, generator=generator) * (size - width)).long()
        hidden |= (places >= start[:, None]) & (places < (start + width.long())[:, None])
    return hidden
