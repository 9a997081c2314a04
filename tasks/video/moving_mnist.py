"""Moving MNIST: digits move in a square and bounce off its edges; the next frames of a video are predicted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import log
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatebench.errors import out_of_range
from gatebench.task import Artifacts, Batch, Example, Metric, Problem, Task, TrainedNetwork, batch_of_one
from tasks.blocks.validation import check_number, check_whole, make_floats
from tasks.images.digit_images import check_digit_size, check_digits, digit_checksums

if TYPE_CHECKING:
    from gatebench.views import Picture
    from tasks.images.digit_images import DigitImages
    from tasks.video.prediction_split import PredictionSplit

LARGEST_SEED = 2**32 - 1
SHOWN = 4
"""The number of test videos in the picture of a run."""


@dataclass(frozen=True)
class MovingMnist(Task):
    """An encoder reads the first frames of a video, and a decoder with the same cell predicts the next ones.

    Attributes:
        digits: the number of digits of a video.
        canvas: the number of rows and of columns of a frame.
        digit_size: the number of rows and of columns of a digit; the published one is 28, on a canvas of 64.
        read: the number of frames that are read.
        predicted: the number of frames that are predicted.
        speed: the way of a digit from a frame to the next, as a share of the way from edge to edge.
        training: the number of training videos.
        validation: the number of validation videos.
        test: the number of test videos.
        data_seed: the seed of the videos.
    """

    title = "Moving MNIST, the next frames"
    metrics = (
        Metric("cross_entropy", "min", "nats/frame", low=0),
        Metric("mse", "min", low=0),
        Metric("ssim", "max", low=-1, high=1),
    )
    table_metrics = ("cross_entropy", "mse", "ssim")
    final_metrics = ("ssim",)
    protocol = (
        "Srivastava, Mansimov & Salakhutdinov 2015: two digits of MNIST move with a random direction and bounce; an "
        "encoder and an unconditioned future predictor. Departures: smaller frames and digits by default (theirs: "
        "task.canvas=64 task.digit_size=28 task.test=10000), a fixed number of training videos in place of new ones "
        "at each step, one layer by default, and the decoder predicts the future only. The cross-entropy takes the "
        "grey values as probabilities, and its minimum is above 0; cross_entropy and mse are sums over the pixels of a "
        "frame. Training, validation and test have different digits. The structural similarity is that of torchmetrics "
        "with its default window. The simple methods give each pixel a probability from at most 2,000 training videos: "
        "its mean over all predicted frames, or the mean of all pixels with its grey value in the last frame that is "
        "read. A run keeps the least possible cross-entropy, the entropy of the true grey values, beside the scores."
    )
    licence = "CC BY-SA 3.0, as usually stated"
    generator = "1"
    """The version of the videos. It must change if a seed comes to give other videos."""

    digits: int = 2
    canvas: int = 24
    digit_size: int = 12
    read: int = 10
    predicted: int = 10
    speed: float = 0.1
    training: int = 5000
    validation: int = 500
    test: int = 1000
    data_seed: int = 0

    def __post_init__(self) -> None:
        check_whole("digits", self.digits, 1, 10)
        check_digit_size(self.digit_size)
        check_whole("canvas", self.canvas, 12, 256)
        if self.canvas <= self.digit_size:
            raise out_of_range("task.canvas", self.canvas, f"more than task.digit_size={self.digit_size}")
        for name in ("read", "predicted"):
            check_whole(name, getattr(self, name), 1, 1000)
        check_number("speed", self.speed, 0.001, 1)
        make_floats(self, "speed")
        for name in ("training", "validation", "test"):
            check_whole(name, getattr(self, name), 1)
        check_whole("data_seed", self.data_seed, 0, LARGEST_SEED)

    @property
    def chance(self) -> float:  # type: ignore[override]
        """The nats of a frame if every pixel is light with a probability of 1/2."""
        return self.canvas**2 * log(2)

    def checksums(self) -> Mapping[str, str]:
        """Return the checksums of the digits and the version of the generator."""
        return {**digit_checksums(), f"{self.name}/generator": self.generator}

    def check_files(self, root: Path, cache: Path | None = None) -> None:  # noqa: ARG002  (nothing is cached)
        """Check that the files of MNIST exist."""
        check_digits(root)

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (nothing here is worth a cache)
        """Read the digits and draw the videos."""
        from torch import nn

        from tasks.blocks.no_head import no_head
        from tasks.images.digit_images import read_digits
        from tasks.video.frame_predictor import FramePredictor
        from tasks.video.frame_scores import frame_cross_entropy, frame_scores, simple_cross_entropies, tally_frames

        counts = (self.training, self.validation, self.test)
        train, val, test = (
            self._split(part, digits, count)
            for part, (digits, count) in enumerate(zip(read_digits(root, self.digit_size), counts, strict=True))
        )
        return Problem(
            train,
            val,
            test,
            input_size=self.canvas**2,
            steps=max(self.read, self.predicted),
            encoder=nn.Identity(),
            head=partial(no_head, task=self.name),
            body=partial(FramePredictor, pixels=self.canvas**2, predicted=self.predicted),
            loss=frame_cross_entropy,
            tally=tally_frames,
            scores=frame_scores,
            baselines=partial(simple_cross_entropies, train, test),
            artifacts=partial(self._artifacts, train=train, test=test),
        )

    def example(self, problem: Problem, number: int, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a video of the test part."""
        batch = batch_of_one(problem.test, number)
        return Example(batch, self._strip(batch.inputs), part_views={"decoder": self._strip(batch.y[:, 0].numpy())})

    def _split(self, part: int, digits: DigitImages, count: int) -> PredictionSplit:
        """Return the videos of a part. They do not depend on the sizes of the other parts."""
        import torch

        from tasks.blocks.random_numbers import RandomNumbers
        from tasks.video.bouncing import bouncing_places, directions
        from tasks.video.digit_frames import DigitFrames
        from tasks.video.prediction_split import PredictionSplit

        draw = RandomNumbers(self.data_seed, part)
        chosen = torch.from_numpy(draw.integers(len(digits.images), count, self.digits))
        start = draw.uniform(count * self.digits, 2)
        velocity = self.speed * directions(draw, count * self.digits)
        frames = self.read + self.predicted
        places = bouncing_places(start, velocity, frames, self.canvas - self.digit_size)
        by_video = places.reshape(count, self.digits, frames, 2).swapaxes(1, 2).copy()
        in_all_frames = chosen[:, None].expand(-1, frames, -1)
        videos = DigitFrames(digits.images, in_all_frames, torch.from_numpy(by_video), self.canvas)
        return PredictionSplit(videos, self.read)

    def _strip(self, frames: Any) -> Picture:
        """Return frames (T, R · R) side by side, as a picture of which each step reads one frame."""
        from tasks.images.picture_view import frame_strip

        return frame_strip(frames, self.canvas, self.canvas)

    def _artifacts(
        self, network: TrainedNetwork, seed: int, *, train: PredictionSplit, test: PredictionSplit
    ) -> Artifacts:
        """Return the structural similarity on the test part, a picture of some videos, and a file of scores."""
        del seed
        from tasks.video.frame_predictor import pixel_probabilities
        from tasks.video.frame_scores import SimplePredictions, batches, frame_entropy, similarity

        simple, names = SimplePredictions(train), ("network", *SimplePredictions.names)
        totals, frames, nats, picture = dict.fromkeys(names, 0.0), 0, 0.0, b""
        for batch in batches(test):
            predicted = {"network": pixel_probabilities(network(batch)).cpu()}
            predicted |= {name: simple(name, batch) for name in SimplePredictions.names}
            picture = picture or self._picture(batch, predicted["network"])
            frames += len(batch.y) * batch.y.shape[1]
            nats += frame_entropy(batch).sum().item()
            for name in names:
                totals[name] += similarity(predicted[name], batch.y, self.canvas).sum().item()
        scores = {name: total / frames for name, total in totals.items()}
        lines = [f"{name}: SSIM {score:.4f}" for name, score in scores.items()]
        lines.append(f"least possible cross-entropy: {nats / frames:.4f} nats/frame")
        report = "\n".join(lines)
        return Artifacts({"ssim": scores["network"]}, {"frames.png": picture, "scores.txt": report.encode()})

    def _picture(self, batch: Batch, predicted: Any) -> bytes:
        """Return the first videos of a batch as a PNG file: the frames that are read, the true and the predicted."""
        from tasks.images.picture_grid import Row, grey_bytes, picture_grid

        rows: list[Row] = []
        for video in range(min(SHOWN, batch.x.shape[1])):
            for label, frames in (("read", batch.x), ("true", batch.y), ("predicted", predicted)):
                grey = grey_bytes(frames[:, video].numpy()).reshape(-1, self.canvas, self.canvas)
                rows.append((f"{label} {video}", list(grey)))
        return picture_grid(rows)
