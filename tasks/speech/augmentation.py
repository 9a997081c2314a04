"""What is done to a batch of features before it is learnt from. T time, B batch, I features, V versions of a clip."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn

MASKS = 2  # along each axis, as in SpecAugment's policies for large data sets


@dataclass(frozen=True)
class Augmentations:
    """What training batches undergo, drawn anew for every clip in every epoch; by default nothing.

    noisy_share: how many of the clips are taken in one of their noisy versions, from 0 to 1. shift: a clip is moved by
    up to so many frames, to either side. time_mask, frequency_mask: each of two masks hides fewer adjoining frames, or
    features, than that.
    """

    noisy_share: float = 0.0
    shift: int = 0
    time_mask: int = 0
    frequency_mask: int = 0


class Augment(nn.Module):
    """Standardises features; in training mode, it augments them first.

    Takes (T, B, V · I), the clean version first, and gives (T, B, I). The draws come from a generator of its own, that
    starts from the seed of torch's global one: they follow the trial's seed, and neither dropout nor the cell moves
    them. Hidden values are 0, the mean; what a shift lets in is silence.

    Args:
        mean: (I,), subtracted from the features.
        scale: (I,), by which they are then divided.
        silence: (I,), the features of silence, not standardised.
        augmentations: what happens in training.
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
        width, do = len(self.mean), self.augmentations
        versions = x.shape[-1] // width
        if not self.training:
            return (x[..., :width] - self.mean) / self.scale
        if versions > 1:
            x = pick(x.reshape(*x.shape[:2], versions, width), self._versions(x.shape[1], versions))
        if do.shift:
            frames = torch.randint(-do.shift, do.shift + 1, (x.shape[1],), generator=self.generator)
            x = shifted(x, frames, self.silence)
        x = (x - self.mean) / self.scale
        hidden = [masks(x.shape[1], x.shape[0], do.time_mask, self.generator).T[:, :, None]] if do.time_mask else []
        hidden += [masks(x.shape[1], width, do.frequency_mask, self.generator)] if do.frequency_mask else []
        for mask in hidden:
            x = x.masked_fill(mask.to(x.device), 0.0)
        return x

    def _versions(self, clips: int, versions: int) -> Tensor:
        """Return which version (B,) each clip is taken in."""
        noisy = torch.rand(clips, generator=self.generator) < self.augmentations.noisy_share
        return noisy * torch.randint(1, versions, (clips,), generator=self.generator)


def pick(x: Tensor, versions: Tensor) -> Tensor:
    """Return (T, B, I): of each clip in (T, B, V, I), the version (B,) that is asked for."""
    return x[:, torch.arange(x.shape[1], device=x.device), versions.to(x.device)]


def shifted(x: Tensor, frames: Tensor, silence: Tensor) -> Tensor:
    """Return the clips (T, B, I), each moved later by so many `frames` (B,); silence (I,) comes in at the end."""
    source = torch.arange(len(x), device=x.device)[:, None] - frames.to(x.device)
    outside = (source < 0) | (source >= len(x))
    moved = x.gather(0, source.clamp(0, len(x) - 1)[..., None].expand_as(x))
    return torch.where(outside[..., None], silence, moved)


def masks(clips: int, size: int, most: int, generator: Generator) -> Tensor:
    """Return (B, size) booleans: true within two spans of fewer than `most` adjoining places, drawn for each clip.

    The same draws as torchaudio's `mask_along_axis_iid`, which takes them from the global generator.
    """
    places, hidden = torch.arange(size), torch.zeros(clips, size, dtype=torch.bool)
    for _ in range(MASKS):
        width = torch.rand(clips, generator=generator) * most
        start = (torch.rand(clips, generator=generator) * (size - width)).long()
        hidden |= (places >= start[:, None]) & (places < (start + width.long())[:, None])
    return hidden
