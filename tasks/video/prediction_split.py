"""Videos of which the first frames are read and the rest is predicted. N videos, T and U frames, P pixels, B batch."""

from dataclasses import dataclass, field

from torch import Tensor

from gatebench.task import Batch
from tasks.video.digit_frames import DigitFrames


@dataclass(eq=False, slots=True)
class PredictionSplit:
    """A split of videos.

    Attributes:
        videos: the N videos, with T + U frames each.
        read: T, the number of frames that are read.
        lengths: None, because all videos have the same number of frames.
    """

    videos: DigitFrames
    read: int
    lengths: Tensor | None = field(default=None, init=False)

    def __len__(self) -> int:
        return len(self.videos)

    def batch(self, indices: Tensor) -> Batch:
        """Return x (T, B, P) and the targets (U, B, P) of the videos with these indices (B,)."""
        frames = self.videos.frames(indices)
        return Batch(frames[: self.read], frames[self.read :])
