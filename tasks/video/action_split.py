"""Videos with a class each. N videos, T frames, P pixels, B batch."""

from dataclasses import dataclass, field

from torch import Tensor

from gatebench.task import Batch
from tasks.video.digit_frames import DigitFrames


@dataclass(eq=False, slots=True)
class ActionSplit:
    """A split of videos.

    Attributes:
        videos: the N videos.
        y: (N,) the numbers of the classes.
        lengths: None, because all videos have the same number of frames.
    """

    videos: DigitFrames
    y: Tensor
    lengths: Tensor | None = field(default=None, init=False)

    def __len__(self) -> int:
        return len(self.videos)

    def batch(self, indices: Tensor) -> Batch:
        """Return x (T, B, P) and the classes (B,) of the videos with these indices (B,)."""
        return Batch(self.videos.frames(indices), self.y[indices])
